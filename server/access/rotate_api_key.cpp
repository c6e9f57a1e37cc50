#include "access/api_keys.hpp"
#include "access/credential_cache.hpp"
#include "access/idempotency.hpp"
#include "access/store.hpp"

namespace hermod::access {

static IssuedApiKey rotate(
    db::Tx& tx, Caller const& caller, KeyId const& id, std::array<Secret, 2> const& secrets)
{
    auto row = store::require_api_key(tx, id);
    // Whoever rotates a key holds it afterwards.
    require_may_grant(caller, store::scopes_of(row), row.environment);
    auto const& secret = secrets[static_cast<std::size_t>(row.environment)];
    auto global = tx.global();
    store::delete_credential(global, row.hash);
    store::insert_key_credential(global, secret.hash, tx.workspace(), id);
    store::record_change(global, id.bytes());
    store::update_secret(tx, id, secret.prefix, secret.hash);
    tx.wake(db::Wake::access);
    row.prefix = secret.prefix;
    return with_key(store::to_view(row), secret.key);
}

Task<IssuedApiKey> rotate_api_key(Deps& deps, Caller const& caller, KeyId const& id)
{
    // One of each environment, as the row that tells which is needed is read in the transaction.
    std::array const secrets{Secret::make(Environment::live), Secret::make(Environment::test)};
    auto issued = co_await write_once(
        deps.database, caller, 200, [&](db::Tx& tx) { return rotate(tx, caller, id, secrets); },
        without_key);
    deps.cache.drop(id.bytes());
    co_return issued;
}

}
