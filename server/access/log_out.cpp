#include "access/credential_cache.hpp"
#include "access/store.hpp"

namespace hermod::access {

Task<void> log_out(Deps& deps, Caller const& caller)
{
    if (caller.kind != Caller::Kind::session)
        throw Problem{Errc::forbidden, "an API key has no session to end"};
    co_await deps.database.system().write([&](db::GlobalTx& tx) {
        store::delete_session(tx, caller.session);
        store::record_change(tx, caller.session.bytes());
    });
    deps.cache.drop(caller.session.bytes());
}

}
