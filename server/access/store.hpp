#pragma once

#include "access/access.hpp"
#include "access/sessions.hpp"

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
std::optional<LoginRow> find_login_row(db::GlobalTx const& tx, LoginId const& id);
void insert_login(db::GlobalTx& tx, LoginRow const& login, std::string_view email_key);

/// `old_hash` must still be the one: false where the password was changed meanwhile.
bool update_password(
    db::GlobalTx& tx, LoginId const& id, std::string_view old_hash, std::string_view new_hash);
void update_name(db::GlobalTx& tx, LoginId const& id, std::string_view name);

struct SessionRow {
    SessionId id;
    LoginId login_id;
    SessionMode mode = SessionMode::bearer;
    Digest refresh_hash{}; ///< of the refresh token that is good, or of the cookie
    std::int64_t generation = 0; ///< of that refresh token
    std::optional<std::string> remote_address;
    std::optional<std::string> user_agent;
    Timestamp created_at;
    Timestamp refreshed_at;
    Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(SessionRow, (),
    (id, login_id, mode, refresh_hash, generation, remote_address, user_agent, created_at,
        refreshed_at, expires_at))

void insert_session(db::GlobalTx& tx, SessionRow const& session);
/// Only one that has not expired.
std::optional<SessionRow> find_session(db::GlobalTx const& tx, SessionId const& id);
std::optional<SessionRow> find_session_by_cookie(db::GlobalTx const& tx, Digest const& hash);
/// Newest first.
std::vector<SessionRow> sessions_of(db::GlobalTx const& tx, LoginId const& login);
/// Writes refresh_hash, generation, address and agent, and refreshed now.
void update_session(db::GlobalTx& tx, SessionRow const& session);
void delete_session(db::GlobalTx& tx, SessionId const& id);
std::int64_t delete_other_sessions(db::GlobalTx& tx, LoginId const& login, SessionId const& kept);
std::int64_t delete_expired_sessions(db::GlobalTx& tx, std::int64_t limit);

/// From where a login has signed in before.
bool is_known_place(db::GlobalTx const& tx, LoginId const& login, Digest const& place);
void remember_place(db::GlobalTx& tx, LoginId const& login, Digest const& place);
void delete_places_before(db::GlobalTx& tx, Timestamp time);

enum class TicketKind { session, api_key, person };
BOOST_DESCRIBE_ENUM(TicketKind, session, api_key, person)

struct TicketRow {
    Digest hash{};
    TicketKind kind = TicketKind::session;
    Id<"subject"> subject_id;
    WorkspaceId workspace_id;
    Timestamp holder_ends_at;
    Timestamp created_at;
    Timestamp expires_at;
    std::optional<Timestamp> used_at;
};
BOOST_DESCRIBE_STRUCT(TicketRow, (),
    (hash, kind, subject_id, workspace_id, holder_ends_at, created_at, expires_at, used_at))

void insert_ticket(db::GlobalTx& tx, TicketRow const& ticket);
std::optional<TicketRow> find_ticket(db::GlobalTx const& tx, Digest const& hash);
void use_ticket(db::GlobalTx& tx, Digest const& hash);
void delete_tickets_before(db::GlobalTx& tx, Timestamp time);

std::vector<Member> members_of(db::GlobalTx const& tx, WorkspaceId const& workspace);

/// What a secret's hash leads to.
struct CredentialRow {
    WorkspaceId workspace_id;
    KeyId subject_id;
};
BOOST_DESCRIBE_STRUCT(CredentialRow, (), (workspace_id, subject_id))

std::optional<CredentialRow> find_key_credential(db::GlobalTx const& tx, Digest const& hash);
void insert_key_credential(
    db::GlobalTx tx, Digest const& hash, WorkspaceId const& workspace, KeyId const& key);
void delete_credential(db::GlobalTx& tx, Digest const& hash);
void end_credential(db::GlobalTx& tx, Digest const& hash, Timestamp at);
void delete_ended_credentials(db::GlobalTx& tx);

/// What workspaces::note_rights_changed wrote.
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
    std::optional<Digest> previous_hash; ///< of the secret before the last rotation
    std::optional<Timestamp> previous_ends_at;
    std::optional<JsonText> publishable;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(ApiKeyRow, (),
    (id, name, prefix, environment, scopes, person_id, hash, expires_at, last_used_at,
        previous_hash, previous_ends_at, publishable, created_at))

std::vector<std::string> scopes_of(ApiKeyRow const& row);
std::optional<Publishable> publishable_of(ApiKeyRow const& row);
/// As it is at `now`.
ApiKey to_view(ApiKeyRow const& row, Timestamp now);

void insert_api_key(db::Tx& tx, ApiKeyRow const& key);
std::optional<ApiKeyRow> find_api_key(db::Tx const& tx, KeyId const& id);
ApiKeyRow require_api_key(db::Tx const& tx, KeyId const& id);
std::vector<ApiKeyRow> list_api_keys(db::Tx const& tx);
/// Writes prefix, hash and the previous one.
void update_secret(db::Tx& tx, ApiKeyRow const& key);
void update_last_used(db::Tx& tx, KeyId const& id, Timestamp at);
void delete_api_key(db::Tx& tx, KeyId const& id);

}
