#include "access/sign_in.hpp"
#include "access/store.hpp"

namespace hermod::access {

/// What is no e-mail address belongs to no login, and is answered like one that has none.
static std::string email_key(std::string_view text)
{
    auto const email = people::read_address(people::AddressKind::email, text);
    return email ? email->match_key : std::string{};
}

static Problem too_many_attempts(seconds wait)
{
    Problem problem{Errc::rate_limited, "too many attempts to log in"};
    problem.retry_after_s = static_cast<int>(wait.count());
    return problem;
}

static Task<store::LoginRow> require_login(
    Deps& deps, LogIn const& command, std::string_view remote_address)
{
    auto const key = email_key(command.email);
    // The attempt is taken before the password is looked at, so that many at once gain nothing.
    if (auto const wait = deps.attempts.take(remote_address, key, deps.clock.now()))
        throw too_many_attempts(*wait);
    auto login = co_await deps.database.system().read(
        [&](db::GlobalTx const& tx) { return store::find_login_by_email(tx, key); });
    auto const right = co_await deps.passwords.verify(
        login ? login->password_hash : std::string{}, command.password.value);
    if (!right || !login)
        throw Problem{Errc::invalid_credentials};
    deps.attempts.forgive(remote_address, key);
    co_return *std::move(login);
}

Task<SignedIn> log_in(Deps& deps, LogIn const& command, std::string_view remote_address)
{
    auto const login = co_await require_login(deps, command, remote_address);
    auto const session = NewSession::make(deps.clock.now());
    co_return co_await deps.database.system().write([&](db::GlobalTx& tx) {
        begin_session(tx, login.id, session, deps.session_lifetime);
        return signed_in(deps, tx, {login.id, login.email, login.name}, session.id,
            session.refresh_token, tx.now() + deps.session_lifetime);
    });
}

}
