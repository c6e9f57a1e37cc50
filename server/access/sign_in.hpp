#pragma once

#include "access/access.hpp"

#include <string>
#include <string_view>

/// What registering, logging in and refreshing share.
namespace hermod::access {

/// How a session proves itself: by tokens that the client sends, or by a browser's cookie.
enum class SessionMode { bearer, cookie };
BOOST_DESCRIBE_ENUM(SessionMode, bearer, cookie)

/// A session about to be; made before the transaction, which may run twice.
struct NewSession {
    SessionId id;
    SessionMode mode = SessionMode::bearer;
    std::string secret; ///< the refresh token, or the cookie's value

    static NewSession with_tokens(Deps const& deps);
    static NewSession with_cookie(Deps const& deps);
};

/// A login, its workspace and its owner about to be.
struct NewAccount {
    LoginId login;
    WorkspaceId workspace;
    people::ParsedAddress email;
    std::string name;
    std::string password_hash;
    workspaces::WorkspaceName workspace_name;
};

/// Hashes the password whether or not the address is free, so that the time it takes tells nothing.
/// Throws invalid_email.
Task<NewAccount> prepare_account(Clock& clock, PasswordThread& passwords, Register const& command);
/// In the transaction of its workspace. Throws email_taken.
PersonId make_account(db::Tx& tx, NewAccount const& account);

/// Audited. The place becomes a known one of the login.
void begin_session(db::GlobalTx& tx, Deps const& deps, LoginId const& login,
    NewSession const& session, Caller const& caller, Device const& device);

/// The login whose password this is. Throws invalid_credentials, and rate_limited where there were
/// too many attempts.
Task<Login> require_login(Deps& deps, LogIn const& command, std::string_view remote_address);

/// The answer; `session_end` bounds the access token.
SignedIn signed_in(Deps& deps, db::GlobalTx const& tx, Login login, SessionId const& session,
    std::string refresh_token, Timestamp session_end);

}
