#pragma once

#include "access/access.hpp"

#include <string>
#include <string_view>

/// What registering, logging in and refreshing share.
namespace hermod::access {

/// A session about to be; made before the transaction, which may run twice.
struct NewSession {
    SessionId id;
    std::string refresh_token;

    static NewSession make(Timestamp now);
};

std::string new_refresh_token();

/// A login, its workspace and its owner about to be.
struct NewAccount {
    LoginId login;
    WorkspaceId workspace;
    people::ParsedAddress email;
    std::string name;
    std::string password_hash;
    workspaces::WorkspaceName workspace_name;
};

/// Checks the address, and that it is free, before a password is hashed. Throws invalid_email,
/// email_taken.
Task<NewAccount> prepare_account(
    db::Database& database, PasswordThread& passwords, Register const& command);
/// In the transaction of its workspace. Throws email_taken.
PersonId make_account(db::Tx& tx, NewAccount const& account);

void begin_session(
    db::GlobalTx& tx, LoginId const& login, NewSession const& session, seconds lifetime);

/// The answer; `session_end` bounds the access token.
SignedIn signed_in(Deps& deps, db::GlobalTx const& tx, Login login, SessionId const& session,
    std::string refresh_token, Timestamp session_end);

}
