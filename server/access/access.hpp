#pragma once

#include "access/attempts.hpp"
#include "access/passwords.hpp"
#include "access/tokens.hpp"
#include "base/codec.hpp"
#include "base/crypto.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "net/caller.hpp"
#include "net/request.hpp"
#include "people/people.hpp"
#include "workspaces/workspaces.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {
class Router;
}

namespace hermod::access {

class CredentialCache;
class RefreshTokens;

using Email = Text<3, 254>;
using Password = Text<8, 256>;

/// A human's credentials, as shown.
struct Login {
    LoginId id;
    std::string email;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(Login, (), (id, email, name))

/// The answer to registering, logging in and refreshing.
struct SignedIn {
    std::string access_token;
    std::string token_type = "Bearer";
    std::int64_t expires_in = 0; ///< seconds until the access token ends
    std::string refresh_token;
    Login login;
    std::vector<workspaces::WorkspaceOfLogin> workspaces;
};
BOOST_DESCRIBE_STRUCT(
    SignedIn, (), (access_token, token_type, expires_in, refresh_token, login, workspaces))

struct Register {
    Email email;
    Password password;
    people::PersonName name;
    workspaces::WorkspaceName workspace_name;
};
BOOST_DESCRIBE_STRUCT(Register, (), (email, password, name, workspace_name))

struct LogIn {
    Text<1, 254> email;
    Text<1, 256> password;
};
BOOST_DESCRIBE_STRUCT(LogIn, (), (email, password))

struct Refresh {
    Text<1, 256> refresh_token;
};
BOOST_DESCRIBE_STRUCT(Refresh, (), (refresh_token))

struct CreateWorkspace {
    workspaces::WorkspaceName name;
};
BOOST_DESCRIBE_STRUCT(CreateWorkspace, (), (name))

enum class MeKind { session, api_key, person };
BOOST_DESCRIBE_ENUM(MeKind, session, api_key, person)

/// Who the credentials of a request are: a login with its workspaces, an API key, or an app user.
struct Me {
    MeKind kind = MeKind::session;
    std::optional<Login> login;
    std::optional<KeyId> api_key_id;
    std::optional<WorkspaceId> workspace_id;
    std::optional<PersonId> person_id;
    std::optional<Role> role;
    std::vector<std::string> scopes;
    std::vector<workspaces::WorkspaceOfLogin> workspaces;
};
BOOST_DESCRIBE_STRUCT(
    Me, (), (kind, login, api_key_id, workspace_id, person_id, role, scopes, workspaces))

/// One person of the team.
struct Member {
    PersonId person_id;
    LoginId login_id;
    std::string name;
    std::string email;
    Role role = Role::viewer;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(Member, (), (person_id, login_id, name, email, role, created_at))

enum class Environment { live, test };
BOOST_DESCRIBE_ENUM(Environment, live, test)

/// What a key that is no secret (`hp_…`, for browsers) may do: send to these recipients, from pages
/// of these origins, so often a UTC day to each.
struct Publishable {
    List<Text<1, 300>, 1, 20> allowed_origins;
    List<Text<1, 320>, 1, 20> recipients;
    Or<Int<1, 1000>, std::int64_t{20}> daily_cap;
};
BOOST_DESCRIBE_STRUCT(Publishable, (), (allowed_origins, recipients, daily_cap))
FieldTexts field_texts(Publishable const*);

/// `key` is the plain key, there only in the answer that made it.
struct ApiKey {
    KeyId id;
    std::string name;
    std::string prefix;
    Environment environment = Environment::live;
    std::vector<std::string> scopes;
    PersonId person_id;
    std::optional<Timestamp> expires_at;
    std::optional<Timestamp> last_used_at;
    std::optional<Timestamp> old_key_ends_at; ///< the secret before the last rotation is good till
    std::optional<Publishable> publishable;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(ApiKey, (),
    (id, name, prefix, environment, scopes, person_id, expires_at, last_used_at, old_key_ends_at,
        publishable, created_at))

struct IssuedApiKey {
    KeyId id;
    std::string name;
    std::string prefix;
    Environment environment = Environment::live;
    std::vector<std::string> scopes;
    PersonId person_id;
    std::optional<Timestamp> expires_at;
    std::optional<Timestamp> last_used_at;
    std::optional<Timestamp> old_key_ends_at; ///< the secret before the last rotation is good till
    std::optional<Publishable> publishable;
    Timestamp created_at;
    std::optional<std::string> key; ///< null where an idempotent request is answered again
};
BOOST_DESCRIBE_STRUCT(IssuedApiKey, (),
    (id, name, prefix, environment, scopes, person_id, expires_at, last_used_at, old_key_ends_at,
        publishable, created_at, key))

struct CreateApiKey {
    Text<1, 100> name;
    Or<Environment, Environment::live> environment;
    List<Text<1, 64>, 1, 50> scopes;
    std::optional<Timestamp> expires_at;
    std::optional<Publishable> publishable{}; ///< makes it a key for browsers
};
BOOST_DESCRIBE_STRUCT(CreateApiKey, (), (name, environment, scopes, expires_at, publishable))

/// `?overlap=` of a rotation: how many seconds the old secret stays good.
struct RotateApiKey {
    Or<Int<0, 7 * 24 * 3600>, std::int64_t{0}> overlap;
};
BOOST_DESCRIBE_STRUCT(RotateApiKey, (), (overlap))
FieldTexts field_texts(RotateApiKey const*);

/// From where a request comes, as it is kept with the session it makes.
struct Device {
    std::string remote_address;
    std::string user_agent;
};

/// What the use cases take. `database`, `clock`, `signer` and the rest outlive it.
struct Deps {
    db::Database& database;
    Clock& clock;
    TokenSigner const& signer;
    RefreshTokens const& refresh_tokens;
    PasswordThread& passwords;
    AttemptLimits& attempts;
    CredentialCache& cache;
    seconds session_lifetime{30 * 24 * 3600}; ///< as long as a session can be refreshed
    bool plain_cookie = false; ///< served to loopback without TLS: the cookie cannot be `Secure`
};

Task<SignedIn> register_login(
    Deps& deps, Caller const& caller, Register const& command, Device const& device);
Task<SignedIn> log_in(Deps& deps, Caller const& caller, LogIn const& command, Device const& device);
Task<SignedIn> refresh_session(
    Deps& deps, Caller const& caller, Refresh const& command, Device const& device);
Task<void> log_out(Deps& deps, Caller const& caller);
Task<Me> who_am_i(Deps& deps, Caller const& caller);

Task<workspaces::WorkspaceOfLogin> create_workspace(
    Deps& deps, Caller const& caller, CreateWorkspace const& command);
Task<std::vector<Member>> list_members(Deps& deps, Caller const& caller, WorkspaceId const& id);

Task<std::vector<ApiKey>> list_api_keys(Deps& deps, Caller const& caller);
Task<IssuedApiKey> create_api_key(Deps& deps, Caller const& caller, CreateApiKey const& command);
Task<IssuedApiKey> rotate_api_key(
    Deps& deps, Caller const& caller, KeyId const& id, RotateApiKey const& command);
Task<void> revoke_api_key(Deps& deps, Caller const& caller, KeyId const& id);

/// For what a publishable key sends: throws forbidden where the recipient is none of its own, and
/// rate_limited where it had as many today as it may. Any other caller may. In the transaction of
/// the send, which it counts.
void require_may_send_to(
    db::Tx& tx, Caller const& caller, std::optional<people::ParsedAddress> const& recipient);
/// Forgets at most `limit` counts of days gone by; how many.
std::int64_t delete_old_uses(db::Tx& tx, std::int64_t limit);

// For the command line, which acts for the operator: no caller, no scopes asked.

struct NewWorkspace {
    WorkspaceId workspace;
    PersonId owner;
    LoginId login;
};
/// A login, its workspace and its owner. Throws email_taken, invalid_email, invalid_body.
Task<NewWorkspace> create_workspace_with_owner(
    db::Database& database, PasswordThread& passwords, Register const& command);
Task<IssuedApiKey> create_api_key_for(
    db::Database& database, WorkspaceId const& workspace, CreateApiKey const& command);
/// Nothing where no login has this address.
Task<std::optional<LoginId>> find_login(db::Database& database, std::string_view email);

void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(Login const*);
FieldTexts field_texts(SignedIn const*);
FieldTexts field_texts(Register const*);
FieldTexts field_texts(LogIn const*);
FieldTexts field_texts(Refresh const*);
FieldTexts field_texts(CreateWorkspace const*);
FieldTexts field_texts(Me const*);
FieldTexts field_texts(Member const*);
FieldTexts field_texts(ApiKey const*);
FieldTexts field_texts(IssuedApiKey const*);
FieldTexts field_texts(CreateApiKey const*);

}
