#include "access/credential_cache.hpp"
#include "access/store.hpp"

namespace hermod::access {

Task<void> revoke_api_key(Deps& deps, Caller const& caller, KeyId const& id)
{
    co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto const row = store::require_api_key(tx, id);
        auto global = tx.global();
        store::delete_credential(global, row.hash);
        store::record_change(global, id.bytes());
        store::delete_api_key(tx, id);
        tx.wake(db::Wake::access);
    });
    deps.cache.drop(id.bytes());
}

}
