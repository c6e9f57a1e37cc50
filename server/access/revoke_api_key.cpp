#include "access/credential_cache.hpp"
#include "access/store.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/rights.hpp"

namespace hermod::access {

Task<void> revoke_api_key(Deps& deps, Caller const& caller, KeyId const& id)
{
    co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto const row = store::require_api_key(tx, id);
        auto global = tx.global();
        store::delete_credential(global, row.hash);
        if (row.previous_hash)
            store::delete_credential(global, *row.previous_hash);
        workspaces::note_rights_changed(global, id.bytes());
        store::delete_api_key(tx, id);
        workspaces::audit(tx, caller, "api_key.revoked", id.str(), {{"name", row.name}});
        tx.wake(db::Wake::access);
    });
    deps.cache.drop(id.bytes());
}

}
