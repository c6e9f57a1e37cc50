#include "access/api_keys.hpp"
#include "access/credential_cache.hpp"
#include "access/idempotency.hpp"
#include "access/store.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/rights.hpp"

namespace hermod::access {

/// The old secret stays good for as long as was chosen, and of two old ones only the younger.
static void retire_secret(db::Tx& tx, store::ApiKeyRow& row, seconds overlap)
{
    auto global = tx.global();
    if (row.previous_hash)
        store::delete_credential(global, *row.previous_hash);
    row.previous_hash.reset();
    row.previous_ends_at.reset();
    if (overlap == seconds{0})
        return store::delete_credential(global, row.hash);
    row.previous_hash = row.hash;
    row.previous_ends_at = tx.now() + overlap;
    store::end_credential(global, row.hash, *row.previous_ends_at);
}

static IssuedApiKey rotate(
    db::Tx& tx, Caller const& caller, KeyId const& id, seconds overlap, std::string const& random)
{
    auto row = store::require_api_key(tx, id);
    // Whoever rotates a key holds it afterwards.
    require_may_grant(caller, store::scopes_of(row), row.environment);
    auto const secret = Secret::of(row.environment, row.publishable.has_value(), random);
    retire_secret(tx, row, overlap);
    row.hash = secret.hash;
    row.prefix = secret.prefix;
    store::insert_key_credential(tx.global(), secret.hash, tx.workspace(), id);
    store::update_secret(tx, row);
    workspaces::note_rights_changed(tx, id.bytes());
    workspaces::audit(tx, caller, "api_key.rotated", id.str(),
        {{"name", row.name}, {"overlap_s", std::to_string(overlap.count())}});
    return with_key(store::to_view(row, tx.now()), secret.key);
}

Task<IssuedApiKey> rotate_api_key(
    Deps& deps, Caller const& caller, KeyId const& id, RotateApiKey const& command)
{
    // What kind of key it is is read in the transaction, which may run twice with one secret.
    auto const random = random_token(32);
    seconds const overlap{command.overlap.value.value};
    auto issued = co_await write_once(
        deps.database, caller, 200,
        [&](db::Tx& tx) { return rotate(tx, caller, id, overlap, random); }, without_key);
    deps.cache.drop(id.bytes());
    co_return issued;
}

}
