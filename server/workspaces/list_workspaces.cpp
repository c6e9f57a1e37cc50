#include "workspaces/workspaces.hpp"

namespace hermod::workspaces {

Task<std::vector<WorkspaceOfLogin>> list_workspaces(Deps& deps, Caller const& caller)
{
    if (caller.kind == Caller::Kind::session) {
        co_return co_await deps.database.system().read(
            [&](db::GlobalTx const& tx) { return list_of_login(tx, caller.login); });
    }
    // A key reaches one workspace, as its bot; what it may there is in its scopes, not in a role.
    throw Problem{Errc::forbidden, "an API key belongs to one workspace: see GET /me"};
}

}
