#include "workspaces/workspaces.hpp"

namespace hermod::workspaces {

Task<Workspace> get_workspace(Deps& deps, Caller const& caller, WorkspaceId const& id)
{
    auto const there = co_await require_scope_in(deps, caller, id, "workspaces:read");
    co_return co_await deps.database.read(
        there.workspace, [](db::Tx const& tx) { return require_workspace(tx); });
}

}
