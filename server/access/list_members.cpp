#include "access/store.hpp"

namespace hermod::access {

Task<std::vector<Member>> list_members(Deps& deps, Caller const& caller, WorkspaceId const& id)
{
    workspaces::Deps tenants{deps.database};
    auto const there =
        co_await workspaces::require_scope_in(tenants, caller, id, "workspaces:read");
    co_return co_await deps.database.system().read(
        [&](db::GlobalTx const& tx) { return store::members_of(tx, there.workspace); });
}

}
