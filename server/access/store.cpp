#include "access/store.hpp"

namespace hermod::access::store {

std::optional<LoginRow> find_login_by_email(db::GlobalTx const& tx, std::string_view email_key)
{
    return tx.one<LoginRow>("SELECT {columns} FROM logins WHERE email_key = $1", email_key);
}

std::optional<Login> find_login(db::GlobalTx const& tx, LoginId const& id)
{
    return tx.one<Login>("SELECT {columns} FROM logins WHERE id = $1", id);
}

std::optional<LoginRow> find_login_row(db::GlobalTx const& tx, LoginId const& id)
{
    return tx.one<LoginRow>("SELECT {columns} FROM logins WHERE id = $1", id);
}

void insert_login(db::GlobalTx& tx, LoginRow const& login, std::string_view email_key)
{
    tx.run(R"sql(
        INSERT INTO logins (id, email, email_key, name, password_hash, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6))sql",
        login.id, login.email, email_key, login.name, login.password_hash, tx.now());
}

bool update_password(
    db::GlobalTx& tx, LoginId const& id, std::string_view old_hash, std::string_view new_hash)
{
    return tx.run_counted(R"sql(
        UPDATE logins SET password_hash = $3, updated_at = $4
        WHERE id = $1 AND password_hash = $2)sql",
               id, old_hash, new_hash, tx.now())
        == 1;
}

void update_name(db::GlobalTx& tx, LoginId const& id, std::string_view name)
{
    tx.run("UPDATE logins SET name = $2, updated_at = $3 WHERE id = $1", id, name, tx.now());
}

std::vector<Member> members_of(db::GlobalTx const& tx, WorkspaceId const& workspace)
{
    return tx.all<Member>(R"sql(
        SELECT m.person_id, m.login_id, l.name, l.email, m.role, m.created_at
        FROM memberships m JOIN logins l ON l.id = m.login_id
        WHERE m.workspace_id = $1
        ORDER BY m.created_at, m.person_id)sql",
        workspace);
}

std::optional<CredentialRow> find_key_credential(db::GlobalTx const& tx, Digest const& hash)
{
    return tx.one<CredentialRow>(
        "SELECT {columns} FROM credentials WHERE hash = $1 AND kind = 'api_key'", hash);
}

void end_credential(db::GlobalTx& tx, Digest const& hash, Timestamp at)
{
    tx.run("UPDATE credentials SET expires_at = $2 WHERE hash = $1", hash, at);
}

void delete_ended_credentials(db::GlobalTx& tx)
{
    tx.run("DELETE FROM credentials WHERE expires_at <= $1", tx.now());
}

void insert_key_credential(
    db::GlobalTx tx, Digest const& hash, WorkspaceId const& workspace, KeyId const& key)
{
    tx.run(R"sql(
        INSERT INTO credentials (hash, kind, workspace_id, subject_id, created_at)
        VALUES ($1, 'api_key', $2, $3, $4))sql",
        hash, workspace, key, tx.now());
}

void delete_credential(db::GlobalTx& tx, Digest const& hash)
{
    tx.run("DELETE FROM credentials WHERE hash = $1", hash);
}

std::int64_t newest_change(db::GlobalTx const& tx)
{
    return tx.one<std::int64_t>("SELECT COALESCE(MAX(seq), 0) FROM access_changes").value_or(0);
}

std::vector<Change> changes_after(db::GlobalTx const& tx, std::int64_t seq)
{
    return tx.all<Change>(
        "SELECT {columns} FROM access_changes WHERE seq > $1 ORDER BY seq LIMIT 1000", seq);
}

void delete_changes_before(db::GlobalTx& tx, Timestamp time)
{
    tx.run(R"sql(
        DELETE FROM access_changes
        WHERE created_at < $1 AND seq < (SELECT MAX(seq) FROM access_changes))sql",
        time);
}

std::vector<std::string> scopes_of(ApiKeyRow const& row)
{
    return read_stored_json<std::vector<std::string>>(row.scopes.text);
}

std::optional<Publishable> publishable_of(ApiKeyRow const& row)
{
    return row.publishable ? std::optional{read_stored_json<Publishable>(row.publishable->text)}
                           : std::nullopt;
}

ApiKey to_view(ApiKeyRow const& row, Timestamp now)
{
    auto const overlaps = row.previous_ends_at && *row.previous_ends_at > now;
    return {row.id, row.name, row.prefix, row.environment, scopes_of(row), row.person_id,
        row.expires_at, row.last_used_at, overlaps ? row.previous_ends_at : std::nullopt,
        publishable_of(row), row.created_at};
}

void insert_api_key(db::Tx& tx, ApiKeyRow const& key)
{
    tx.run(R"sql(
        INSERT INTO api_keys (workspace_id, id, name, prefix, environment, scopes, person_id, hash,
            expires_at, publishable, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11))sql",
        key.id, key.name, key.prefix, key.environment, key.scopes, key.person_id, key.hash,
        key.expires_at, key.publishable, key.created_at);
}

std::optional<ApiKeyRow> find_api_key(db::Tx const& tx, KeyId const& id)
{
    return tx.one<ApiKeyRow>(
        "SELECT {columns} FROM api_keys WHERE workspace_id = $1 AND id = $2", id);
}

ApiKeyRow require_api_key(db::Tx const& tx, KeyId const& id)
{
    auto row = find_api_key(tx, id);
    if (!row)
        throw Problem{Errc::api_key_not_found};
    return *std::move(row);
}

std::vector<ApiKeyRow> list_api_keys(db::Tx const& tx)
{
    return tx.all<ApiKeyRow>(R"sql(
        SELECT {columns} FROM api_keys
        WHERE workspace_id = $1 ORDER BY created_at DESC, id DESC)sql");
}

void update_secret(db::Tx& tx, ApiKeyRow const& key)
{
    tx.run(R"sql(
        UPDATE api_keys SET prefix = $3, hash = $4, previous_hash = $5, previous_ends_at = $6
        WHERE workspace_id = $1 AND id = $2)sql",
        key.id, key.prefix, key.hash, key.previous_hash, key.previous_ends_at);
}

void update_last_used(db::Tx& tx, KeyId const& id, Timestamp at)
{
    tx.run("UPDATE api_keys SET last_used_at = $3 WHERE workspace_id = $1 AND id = $2", id, at);
}

void delete_api_key(db::Tx& tx, KeyId const& id)
{
    tx.run("DELETE FROM api_keys WHERE workspace_id = $1 AND id = $2", id);
}

}
