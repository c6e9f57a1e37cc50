#include "access/audit_log.hpp"
#include "access/credential_cache.hpp"
#include "access/sessions.hpp"
#include "access/store.hpp"
#include "workspaces/rights.hpp"

namespace hermod::access {

static Problem wrong(std::string field, std::string message)
{
    return Problem{Errc::invalid_body, {}, {{std::move(field), std::move(message)}}};
}

static void require_complete(UpdateMe const& command)
{
    if (command.password && !command.old_password)
        throw wrong("old_password", "is required with a new password");
    if (command.old_password && !command.password)
        throw wrong("password", "is required with the old one");
}

/// The stored hash, once the old password was right. Tries are limited like those to log in.
static Task<std::string> require_old_password(
    Deps& deps, Caller const& caller, UpdateMe const& command)
{
    auto login = co_await deps.database.system().read(
        [&](db::GlobalTx const& tx) { return store::find_login_row(tx, caller.login); });
    if (!login)
        throw Problem{Errc::unauthenticated};
    auto const place = place_of(caller.remote_address);
    if (auto const wait = deps.attempts.take(place, login->email, true, deps.clock.now())) {
        Problem problem{Errc::rate_limited, "too many attempts to change the password"};
        problem.retry_after_s = static_cast<int>(wait->count());
        throw problem;
    }
    auto const right =
        co_await deps.passwords.verify(login->password_hash, command.old_password->value);
    if (!right)
        throw wrong("old_password", "is wrong");
    deps.attempts.forgive(place, login->email);
    co_return std::move(login->password_hash);
}

static Task<void> change_password(Deps& deps, Caller const& caller, UpdateMe const& command)
{
    auto const old_hash = co_await require_old_password(deps, caller, command);
    auto const new_hash = co_await deps.passwords.hash(command.password->value);
    co_await deps.database.system().write([&](db::GlobalTx& tx) {
        // Two changes at once: the second one's old password is no longer right.
        if (!store::update_password(tx, caller.login, old_hash, new_hash))
            throw wrong("old_password", "is wrong");
        auto const ended = store::delete_other_sessions(tx, caller.login, caller.session);
        workspaces::note_rights_changed(tx, caller.login.bytes());
        audit_login(tx, caller, caller.login, "login.password_changed", caller.login.str(),
            {{"sessions_ended", std::to_string(ended)}});
    });
    deps.cache.drop(caller.login.bytes());
}

/// The login's name, and that of its person in each workspace.
static Task<void> change_name(Deps& deps, Caller const& caller, people::PersonName const& name)
{
    auto const workspaces = co_await deps.database.system().write([&](db::GlobalTx& tx) {
        store::update_name(tx, caller.login, name);
        audit_login(tx, caller, caller.login, "login.renamed", caller.login.str());
        return workspaces::list_of_login(tx, caller.login);
    });
    people::Deps people{deps.database};
    people::UpdatePerson change;
    change.name = {true, name};
    for (auto const& workspace : workspaces) {
        auto there = caller;
        there.workspace = workspace.id;
        there.person = workspace.person_id;
        co_await people::update_person(people, there, workspace.person_id, change);
    }
}

Task<Me> update_me(Deps& deps, Caller const& caller, UpdateMe const& command)
{
    if (caller.kind != Caller::Kind::session)
        throw Problem{Errc::forbidden, "only a login has a name and a password of its own"};
    require_complete(command);
    if (command.password)
        co_await change_password(deps, caller, command);
    if (command.name)
        co_await change_name(deps, caller, *command.name);
    co_return co_await who_am_i(deps, caller);
}

}
