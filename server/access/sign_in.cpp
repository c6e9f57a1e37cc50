#include "access/sign_in.hpp"

#include "access/audit_log.hpp"
#include "access/refresh_tokens.hpp"
#include "access/store.hpp"

#include <algorithm>

namespace hermod::access {

NewSession NewSession::with_tokens(Deps const& deps)
{
    auto const id = SessionId::make(deps.clock.now());
    return {id, SessionMode::bearer, deps.refresh_tokens.make({id, 0})};
}

NewSession NewSession::with_cookie(Deps const& deps)
{
    return {SessionId::make(deps.clock.now()), SessionMode::cookie, "hcs_" + random_token(32)};
}

Task<NewAccount> prepare_account(Clock& clock, PasswordThread& passwords, Register const& command)
{
    auto email = people::parse_address(people::AddressKind::email, command.email, "email");
    auto hash = co_await passwords.hash(command.password.value);
    auto const now = clock.now();
    co_return NewAccount{LoginId::make(now), WorkspaceId::make(now), std::move(email),
        command.name.value, std::move(hash), command.workspace_name};
}

PersonId make_account(db::Tx& tx, NewAccount const& account)
{
    auto global = tx.global();
    if (store::find_login_by_email(global, account.email.match_key))
        throw Problem{Errc::email_taken, {}, {{"email", "is already registered"}}};
    store::insert_login(global,
        {account.login, account.email.value, account.name, account.password_hash},
        account.email.match_key);
    workspaces::create_workspace(tx, account.workspace_name);
    auto const owner =
        people::create_member(tx, account.login, Role::owner, account.name, account.email);
    workspaces::add_membership(tx, account.login, owner, Role::owner);
    return owner;
}

static std::optional<std::string> unless_empty(std::string const& text)
{
    return text.empty() ? std::nullopt : std::optional{text};
}

void begin_session(db::GlobalTx& tx, Deps const& deps, LoginId const& login,
    NewSession const& session, Caller const& caller, Device const& device)
{
    store::insert_session(tx,
        {session.id, login, session.mode, sha256(session.secret), 0,
            unless_empty(device.remote_address), unless_empty(device.user_agent), tx.now(),
            tx.now(), tx.now() + deps.session_lifetime});
    store::remember_place(tx, login, place_of(device.remote_address));
    audit_login(tx, caller, login, "session.created", session.id.str());
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
