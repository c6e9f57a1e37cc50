#include "access/sign_in.hpp"

namespace hermod::access {

Task<SignedIn> register_login(Deps& deps, Register const& command)
{
    auto const account = co_await prepare_account(deps.database, deps.passwords, command);
    auto const session = NewSession::make(deps.clock.now());
    co_return co_await deps.database.write(account.workspace, [&](db::Tx& tx) {
        make_account(tx, account);
        auto global = tx.global();
        begin_session(global, account.login, session, deps.session_lifetime);
        return signed_in(deps, global, {account.login, account.email.value, account.name},
            session.id, session.refresh_token, tx.now() + deps.session_lifetime);
    });
}

Task<NewWorkspace> create_workspace_with_owner(
    db::Database& database, PasswordThread& passwords, Register const& command)
{
    auto const account = co_await prepare_account(database, passwords, command);
    co_return co_await database.write(account.workspace, [&](db::Tx& tx) {
        return NewWorkspace{account.workspace, make_account(tx, account), account.login};
    });
}

}
