#include "workspaces/audit.hpp"
#include "workspaces/store.hpp"

namespace hermod::workspaces {

Task<Workspace> update_workspace(
    Deps& deps, Caller const& caller, WorkspaceId const& id, UpdateWorkspace const& command)
{
    auto const there = co_await require_scope_in(deps, caller, id, "workspaces:write");
    co_return co_await deps.database.write(there.workspace, [&](db::Tx& tx) {
        auto workspace = require_workspace(tx);
        if (!command.name || *command.name == workspace.name)
            return workspace;
        audit(tx, there, "workspace.updated", workspace.id.str(),
            {{"name", command.name->value}, {"previous_name", workspace.name.value}});
        workspace.name = *command.name;
        workspace.updated_at = tx.now();
        store::update_workspace(tx, workspace);
        events::append(tx, workspace_updated, WorkspaceEvent{workspace});
        return workspace;
    });
}

}
