#include "access/sign_in.hpp"
#include "workspaces/audit.hpp"

namespace hermod::access {

/// Registering tells that an address is taken, as it signs in at once; so asking is made slow.
static void require_patience(Deps& deps, std::string_view remote_address)
{
    if (auto const wait = deps.attempts.take_place(place_of(remote_address), deps.clock.now())) {
        Problem problem{Errc::rate_limited, "too many attempts to register"};
        problem.retry_after_s = static_cast<int>(wait->count());
        throw problem;
    }
}

Task<SignedIn> register_login(
    Deps& deps, Caller const& caller, Register const& command, Device const& device)
{
    require_patience(deps, device.remote_address);
    auto const account = co_await prepare_account(deps.clock, deps.passwords, command);
    auto const session = NewSession::with_tokens(deps);
    co_return co_await deps.database.write(account.workspace, [&](db::Tx& tx) {
        auto owner = caller;
        owner.kind = Caller::Kind::session;
        owner.login = account.login;
        owner.person = make_account(tx, account);
        workspaces::audit(tx, owner, "workspace.created", tx.workspace().str());
        auto global = tx.global();
        begin_session(global, deps, account.login, session, owner, device);
        return signed_in(deps, global, {account.login, account.email.value, account.name},
            session.id, session.secret, tx.now() + deps.session_lifetime);
    });
}

Task<NewWorkspace> create_workspace_with_owner(
    db::Database& database, PasswordThread& passwords, Register const& command)
{
    auto const account = co_await prepare_account(database.clock(), passwords, command);
    co_return co_await database.write(account.workspace, [&](db::Tx& tx) {
        auto const owner = make_account(tx, account);
        workspaces::audit(tx, {}, "workspace.created", tx.workspace().str());
        return NewWorkspace{account.workspace, owner, account.login};
    });
}

}
