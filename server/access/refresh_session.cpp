#include "access/sign_in.hpp"
#include "access/store.hpp"

namespace hermod::access {

Task<SignedIn> refresh_session(Deps& deps, Refresh const& command)
{
    auto const old_hash = sha256(command.refresh_token.value);
    auto const token = new_refresh_token();
    co_return co_await deps.database.system().write([&](db::GlobalTx& tx) {
        auto const session = store::find_session_by_refresh(tx, old_hash);
        auto login = session ? store::find_login(tx, session->login_id) : std::nullopt;
        if (!login)
            throw Problem{Errc::unauthenticated, "the refresh token is not, or no longer, good"};
        store::update_refresh(tx, session->id, sha256(token));
        return signed_in(deps, tx, *std::move(login), session->id, token, session->expires_at);
    });
}

}
