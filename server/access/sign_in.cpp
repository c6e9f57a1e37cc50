#include "access/sign_in.hpp"

#include "access/store.hpp"

#include <algorithm>

namespace hermod::access {

std::string new_refresh_token()
{
    return "hrt_" + random_token(32);
}

NewSession NewSession::make(Timestamp now)
{
    return {SessionId::make(now), new_refresh_token()};
}

static void require_free_email(db::GlobalTx const& tx, people::ParsedAddress const& email)
{
    if (store::find_login_by_email(tx, email.match_key))
        throw Problem{Errc::email_taken, {}, {{"email", "is already registered"}}};
}

Task<NewAccount> prepare_account(
    db::Database& database, PasswordThread& passwords, Register const& command)
{
    auto email = people::parse_address(people::AddressKind::email, command.email, "email");
    co_await database.system().read([&](db::GlobalTx const& tx) { require_free_email(tx, email); });
    auto hash = co_await passwords.hash(command.password.value);
    auto const now = database.clock().now();
    co_return NewAccount{LoginId::make(now), WorkspaceId::make(now), std::move(email),
        command.name.value, std::move(hash), command.workspace_name};
}

PersonId make_account(db::Tx& tx, NewAccount const& account)
{
    auto global = tx.global();
    require_free_email(global, account.email);
    store::insert_login(global,
        {account.login, account.email.value, account.name, account.password_hash},
        account.email.match_key);
    workspaces::create_workspace(tx, account.workspace_name);
    auto const owner =
        people::create_member(tx, account.login, Role::owner, account.name, account.email);
    workspaces::add_membership(tx, account.login, owner, Role::owner);
    return owner;
}

void begin_session(
    db::GlobalTx& tx, LoginId const& login, NewSession const& session, seconds lifetime)
{
    store::insert_session(tx,
        {session.id, login, sha256(session.refresh_token), tx.now(), tx.now(),
            tx.now() + lifetime});
}

SignedIn signed_in(Deps& deps, db::GlobalTx const& tx, Login login, SessionId const& session,
    std::string refresh_token, Timestamp session_end)
{
    auto const now = deps.clock.now();
    auto const expires_at = std::min(now + deps.signer.lifetime(), session_end);
    auto workspaces = workspaces::list_of_login(tx, login.id);
    return {.access_token = deps.signer.sign({login.id, session, expires_at}, now),
        .expires_in = expires_at.unix_s() - now.unix_s(),
        .refresh_token = std::move(refresh_token),
        .login = std::move(login),
        .workspaces = std::move(workspaces)};
}

}
