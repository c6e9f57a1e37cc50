#pragma once

#include "access/access.hpp"

/// SQL of logins, sessions, credentials and API keys; private to this folder.
namespace hermod::access::store {

struct LoginRow {
    LoginId id;
    std::string email;
    std::string name;
    std::string password_hash;
};
BOOST_DESCRIBE_STRUCT(LoginRow, (), (id, email, name, password_hash))

std::optional<LoginRow> find_login_by_email(db::GlobalTx const& tx, std::string_view email_key);
std::optional<Login> find_login(db::GlobalTx const& tx, LoginId const& id);
void insert_login(db::GlobalTx& tx, LoginRow const& login, std::string_view email_key);

struct SessionRow {
    SessionId id;
    LoginId login_id;
    Digest refresh_hash{};
    Timestamp created_at;
    Timestamp refreshed_at;
    Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(
    SessionRow, (), (id, login_id, refresh_hash, created_at, refreshed_at, expires_at))

void insert_session(db::GlobalTx& tx, SessionRow const& session);
/// Only one that has not expired.
std::optional<SessionRow> find_session(db::GlobalTx const& tx, SessionId const& id);
std::optional<SessionRow> find_session_by_refresh(db::GlobalTx const& tx, Digest const& hash);
void update_refresh(db::GlobalTx& tx, SessionId const& id, Digest const& hash);
void delete_session(db::GlobalTx& tx, SessionId const& id);
std::int64_t delete_expired_sessions(db::GlobalTx& tx, std::int64_t limit);

std::vector<Member> members_of(db::GlobalTx const& tx, WorkspaceId const& workspace);

/// What a secret's hash leads to.
struct CredentialRow {
    WorkspaceId workspace_id;
    KeyId subject_id;
};
BOOST_DESCRIBE_STRUCT(CredentialRow, (), (workspace_id, subject_id))

std::optional<CredentialRow> find_key_credential(db::GlobalTx const& tx, Digest const& hash);
void insert_key_credential(
    db::GlobalTx& tx, Digest const& hash, WorkspaceId const& workspace, KeyId const& key);
void delete_credential(db::GlobalTx& tx, Digest const& hash);

/// Tells every process that a key, a session or a login has lost or changed its rights.
void record_change(db::GlobalTx& tx, Uuid const& subject);
struct Change {
    std::int64_t seq = 0;
    Id<"subject"> subject_id;
};
BOOST_DESCRIBE_STRUCT(Change, (), (seq, subject_id))
std::int64_t newest_change(db::GlobalTx const& tx);
/// In order, at most 1000.
std::vector<Change> changes_after(db::GlobalTx const& tx, std::int64_t seq);
/// The newest stays, as the next one is numbered from it.
void delete_changes_before(db::GlobalTx& tx, Timestamp time);

struct ApiKeyRow {
    KeyId id;
    std::string name;
    std::string prefix;
    Environment environment = Environment::live;
    JsonText scopes; ///< a list of strings
    PersonId person_id;
    Digest hash{};
    std::optional<Timestamp> expires_at;
    std::optional<Timestamp> last_used_at;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(ApiKeyRow, (),
    (id, name, prefix, environment, scopes, person_id, hash, expires_at, last_used_at, created_at))

std::vector<std::string> scopes_of(ApiKeyRow const& row);
ApiKey to_view(ApiKeyRow const& row);

void insert_api_key(db::Tx& tx, ApiKeyRow const& key);
std::optional<ApiKeyRow> find_api_key(db::Tx const& tx, KeyId const& id);
ApiKeyRow require_api_key(db::Tx const& tx, KeyId const& id);
std::vector<ApiKeyRow> list_api_keys(db::Tx const& tx);
void update_secret(db::Tx& tx, KeyId const& id, std::string_view prefix, Digest const& hash);
void update_last_used(db::Tx& tx, KeyId const& id, Timestamp at);
void delete_api_key(db::Tx& tx, KeyId const& id);

}
