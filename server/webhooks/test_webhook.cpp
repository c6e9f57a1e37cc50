#include "workspaces/idempotency.hpp"

#include "webhooks/delivery_store.hpp"
#include "webhooks/store.hpp"

namespace hermod::webhooks {

Task<Delivery> test_webhook(Deps& deps, Caller const& caller, WebhookId const& id)
{
    co_return co_await workspaces::write_once(deps.database, caller, 202, [&](db::Tx& tx) {
        auto const row = require_webhook(tx, caller, id);
        if (row.state == WebhookState::disabled)
            throw Problem{Errc::webhook_disabled};
        auto const offset = events::append(tx, webhook_test, {to_view(row, tx.now())});
        auto const lines = events::list_after(tx, offset - 1, 1);
        auto const delivery = insert_delivery(tx, id, lines.front());
        tx.wake(db::Wake::webhooks);
        return to_view(*find_delivery(tx, delivery));
    });
}

}
