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

void insert_login(db::GlobalTx& tx, LoginRow const& login, std::string_view email_key)
{
    tx.run(R"sql(
        INSERT INTO logins (id, email, email_key, name, password_hash, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6))sql",
        login.id, login.email, email_key, login.name, login.password_hash, tx.now());
}

void insert_session(db::GlobalTx& tx, SessionRow const& session)
{
    tx.run(R"sql(
        INSERT INTO sessions (id, login_id, refresh_hash, created_at, refreshed_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6))sql",
        session.id, session.login_id, session.refresh_hash, session.created_at,
        session.refreshed_at, session.expires_at);
}

std::optional<SessionRow> find_session(db::GlobalTx const& tx, SessionId const& id)
{
    return tx.one<SessionRow>(
        "SELECT {columns} FROM sessions WHERE id = $1 AND expires_at > $2", id, tx.now());
}

std::optional<SessionRow> find_session_by_refresh(db::GlobalTx const& tx, Digest const& hash)
{
    return tx.one<SessionRow>(
        "SELECT {columns} FROM sessions WHERE refresh_hash = $1 AND expires_at > $2", hash,
        tx.now());
}

void update_refresh(db::GlobalTx& tx, SessionId const& id, Digest const& hash)
{
    tx.run("UPDATE sessions SET refresh_hash = $2, refreshed_at = $3 WHERE id = $1", id, hash,
        tx.now());
}

void delete_session(db::GlobalTx& tx, SessionId const& id)
{
    tx.run("DELETE FROM sessions WHERE id = $1", id);
}

std::int64_t delete_expired_sessions(db::GlobalTx& tx, std::int64_t limit)
{
    return tx.run_counted(R"sql(
        DELETE FROM sessions WHERE id IN (
            SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2))sql",
        tx.now(), limit);
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

void insert_key_credential(
    db::GlobalTx& tx, Digest const& hash, WorkspaceId const& workspace, KeyId const& key)
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

void record_change(db::GlobalTx& tx, Uuid const& subject)
{
    // Who writes global tables holds their lock until the commit, so seq is in commit order.
    tx.run("INSERT INTO access_changes (seq, subject_id, created_at) VALUES ($1, $2, $3)",
        newest_change(tx) + 1, Id<"subject">{subject}, tx.now());
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

ApiKey to_view(ApiKeyRow const& row)
{
    return {row.id, row.name, row.prefix, row.environment, scopes_of(row), row.person_id,
        row.expires_at, row.last_used_at, row.created_at};
}

void insert_api_key(db::Tx& tx, ApiKeyRow const& key)
{
    tx.run(R"sql(
        INSERT INTO api_keys (workspace_id, id, name, prefix, environment, scopes, person_id, hash,
            expires_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))sql",
        key.id, key.name, key.prefix, key.environment, key.scopes, key.person_id, key.hash,
        key.expires_at, key.created_at);
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

void update_secret(db::Tx& tx, KeyId const& id, std::string_view prefix, Digest const& hash)
{
    tx.run("UPDATE api_keys SET prefix = $3, hash = $4 WHERE workspace_id = $1 AND id = $2", id,
        prefix, hash);
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
