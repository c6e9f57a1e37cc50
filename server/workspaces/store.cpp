#include "workspaces/store.hpp"

namespace hermod::workspaces {

Workspace require_workspace(db::Tx const& tx)
{
    using Row = std::tuple<WorkspaceId, WorkspaceName, std::string, Timestamp, Timestamp>;
    auto const row = tx.one<Row>(R"sql(
        SELECT workspace_id, name, tier, created_at, updated_at
        FROM workspaces WHERE workspace_id = $1)sql");
    if (!row)
        throw Problem{Errc::workspace_not_found};
    return std::make_from_tuple<Workspace>(*row);
}

void add_membership(db::Tx& tx, LoginId const& login, PersonId const& person, Role role)
{
    tx.global().run(R"sql(
        INSERT INTO memberships (login_id, workspace_id, person_id, role, created_at)
        VALUES ($1, $2, $3, $4, $5))sql",
        login, tx.workspace(), person, role, tx.now());
}

std::vector<WorkspaceOfLogin> list_of_login(db::GlobalTx const& tx, LoginId const& login)
{
    return tx.all<WorkspaceOfLogin>(R"sql(
        SELECT d.workspace_id, d.name, m.role, m.person_id
        FROM memberships m JOIN workspace_directory d ON d.workspace_id = m.workspace_id
        WHERE m.login_id = $1
        ORDER BY m.created_at, m.workspace_id)sql",
        login);
}

std::vector<WorkspaceId> list_after(
    db::GlobalTx const& tx, WorkspaceId const& after, std::int64_t limit)
{
    return tx.all<WorkspaceId>(R"sql(
        SELECT workspace_id FROM workspace_directory
        WHERE workspace_id > $1 ORDER BY workspace_id LIMIT $2)sql",
        after, limit);
}

}

namespace hermod::workspaces::store {

void insert_workspace(db::Tx& tx, Workspace const& workspace)
{
    tx.run(R"sql(
        INSERT INTO workspaces (workspace_id, name, tier, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5))sql",
        workspace.name, workspace.tier, workspace.created_at, workspace.updated_at);
    tx.global().run(R"sql(
        INSERT INTO workspace_directory (workspace_id, shard, name, created_at)
        VALUES ($1, $2, $3, $4))sql",
        workspace.id, db::shard_of(workspace.id), workspace.name, workspace.created_at);
}

void update_workspace(db::Tx& tx, Workspace const& workspace)
{
    tx.run("UPDATE workspaces SET name = $2, updated_at = $3 WHERE workspace_id = $1",
        workspace.name, workspace.updated_at);
    tx.global().run("UPDATE workspace_directory SET name = $2 WHERE workspace_id = $1",
        workspace.id, workspace.name);
}

std::optional<Membership> find_membership(
    db::GlobalTx const& tx, LoginId const& login, WorkspaceId const& workspace)
{
    return tx.one<Membership>(R"sql(
        SELECT {columns} FROM memberships WHERE login_id = $1 AND workspace_id = $2)sql",
        login, workspace);
}

}
