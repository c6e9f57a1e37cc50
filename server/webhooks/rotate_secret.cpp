#include "workspaces/audit.hpp"
#include "workspaces/idempotency.hpp"

#include "webhooks/configuration.hpp"
#include "webhooks/signing.hpp"
#include "webhooks/store.hpp"

namespace hermod::webhooks {

/// The old secret signs, too, for as long as was chosen; of two old ones only the younger.
static IssuedWebhook rotate(db::Tx& tx, Deps const& deps, Caller const& caller, WebhookId const& id,
    seconds overlap, std::string const& secret)
{
    auto row = require_webhook(tx, caller, id);
    row.old_secret = overlap > seconds{0} ? row.secret : std::nullopt;
    row.old_secret_ends_at = row.old_secret ? std::optional{tx.now() + overlap} : std::nullopt;
    row.secret = deps.keyring.seal(secret, secret_context(id));
    row.updated_at = tx.now();
    update_webhook(tx, row);
    auto const view = to_view(row, tx.now());
    events::append(tx, webhook_updated, {view});
    tx.wake(db::Wake::webhooks);
    workspaces::audit(tx, caller, "webhook.secret_rotated", id.str(),
        {{"overlap_s", std::to_string(overlap.count())}});
    return with_secret(view, secret);
}

Task<IssuedWebhook> rotate_secret(
    Deps& deps, Caller const& caller, WebhookId const& id, RotateSecret const& command)
{
    auto const secret = new_secret();
    seconds const overlap{command.overlap.value.value};
    co_return co_await workspaces::write_once(
        deps.database, caller, 200,
        [&](db::Tx& tx) { return rotate(tx, deps, caller, id, overlap, secret); }, without_secret);
}

}
