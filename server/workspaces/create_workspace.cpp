#include "workspaces/store.hpp"

namespace hermod::workspaces {

Workspace create_workspace(db::Tx& tx, WorkspaceName const& name)
{
    Workspace workspace{tx.workspace(), name, "standard", tx.now(), tx.now()};
    store::insert_workspace(tx, workspace);
    events::open_log(tx);
    return workspace;
}

}
