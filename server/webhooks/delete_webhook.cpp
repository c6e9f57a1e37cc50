#include "workspaces/audit.hpp"

#include "webhooks/store.hpp"

namespace hermod::webhooks {

Task<void> delete_webhook(Deps& deps, Caller const& caller, WebhookId const& id)
{
    co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto const row = require_webhook(tx, caller, id);
        erase_webhook(tx, id);
        events::append(tx, webhook_deleted, {{id, tx.now()}});
        tx.wake(db::Wake::webhooks);
        workspaces::audit(tx, caller, "webhook.deleted", id.str(), {{"url", row.url}});
    });
}

}
