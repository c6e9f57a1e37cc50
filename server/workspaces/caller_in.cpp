#include "workspaces/store.hpp"

namespace hermod::workspaces {

Task<Caller> caller_in(Deps& deps, Caller const& caller, WorkspaceId const& workspace)
{
    if (!workspace.is_nil() && caller.workspace == workspace)
        co_return caller;
    if (caller.kind != Caller::Kind::session)
        throw Problem{Errc::workspace_not_found};
    auto const membership = co_await deps.database.system().read([&](db::GlobalTx const& tx) {
        return store::find_membership(tx, caller.login, workspace);
    });
    if (!membership)
        throw Problem{Errc::workspace_not_found};
    auto there = caller;
    there.workspace = workspace;
    there.person = membership->person_id;
    there.role = membership->role;
    co_return there;
}

Task<Caller> require_scope_in(
    Deps& deps, Caller const& caller, WorkspaceId const& workspace, std::string_view scope)
{
    auto there = co_await caller_in(deps, caller, workspace);
    if (!there.has_scope(scope))
        throw Problem{Errc::missing_scope, "the route needs " + std::string{scope}};
    co_return there;
}

}
