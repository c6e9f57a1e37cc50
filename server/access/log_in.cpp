#include "access/sessions.hpp"
#include "access/store.hpp"

namespace hermod::access {

/// What is no e-mail address belongs to no login, and is answered like one that has none.
static std::string email_key(std::string_view text)
{
    auto const email = people::read_address(people::AddressKind::email, text);
    return email ? email->match_key : std::string{};
}

static void require_patience(std::optional<seconds> wait)
{
    if (!wait)
        return;
    Problem problem{Errc::rate_limited, "too many attempts to log in"};
    problem.retry_after_s = static_cast<int>(wait->count());
    throw problem;
}

namespace {

struct Found {
    std::optional<store::LoginRow> login;
    bool known_place = false;
};

}

/// The same work whether or not there is such a login.
static Found find(db::GlobalTx const& tx, std::string_view key, Digest const& place)
{
    auto login = store::find_login_by_email(tx, key);
    auto const known = store::is_known_place(tx, login ? login->id : LoginId{}, place);
    return {std::move(login), known};
}

Task<Login> require_login(Deps& deps, LogIn const& command, std::string_view remote_address)
{
    auto const key = email_key(command.email);
    auto const place = place_of(remote_address);
    // Attempts are taken before the password is looked at, so that many at once gain nothing.
    require_patience(deps.attempts.take_place(place, deps.clock.now()));
    auto found = co_await deps.database.system().read(
        [&](db::GlobalTx const& tx) { return find(tx, key, place); });
    require_patience(deps.attempts.take(place, key, found.known_place, deps.clock.now()));
    auto& login = found.login;
    auto const right = co_await deps.passwords.verify(
        login ? login->password_hash : std::string{}, command.password.value);
    if (!right || !login)
        throw Problem{Errc::invalid_credentials};
    deps.attempts.forgive(place, key);
    co_return Login{login->id, std::move(login->email), std::move(login->name)};
}

Task<SignedIn> log_in(Deps& deps, Caller const& caller, LogIn const& command, Device const& device)
{
    auto const login = co_await require_login(deps, command, device.remote_address);
    auto const session = NewSession::with_tokens(deps);
    co_return co_await deps.database.system().write([&](db::GlobalTx& tx) {
        begin_session(tx, deps, login.id, session, caller, device);
        return signed_in(
            deps, tx, login, session.id, session.secret, tx.now() + deps.session_lifetime);
    });
}

Task<BrowserSignIn> log_in_browser(
    Deps& deps, Caller const& caller, LogIn const& command, Device const& device)
{
    auto const login = co_await require_login(deps, command, device.remote_address);
    auto const session = NewSession::with_cookie(deps);
    auto cookie = cookie_with(session.secret, deps.session_lifetime, deps.plain_cookie);
    co_return co_await deps.database.system().write([&](db::GlobalTx& tx) {
        begin_session(tx, deps, login.id, session, caller, device);
        return BrowserSignIn{
            {login, workspaces::list_of_login(tx, login.id), tx.now() + deps.session_lifetime},
            cookie};
    });
}

}
