#include "net/cursor.hpp"
#include "workspaces/idempotency.hpp"

#include "webhooks/delivery_store.hpp"
#include "webhooks/store.hpp"

#include <limits>

namespace hermod::webhooks {

/// Throws delivery_not_found where there is none, or its webhook is not there for the caller.
static DeliveryRow require_delivery(db::Tx const& tx, Caller const& caller, DeliveryId const& id)
{
    auto row = find_delivery(tx, id);
    auto const webhook = row ? find_webhook(tx, row->webhook_id) : std::nullopt;
    if (!webhook || (caller.test && !webhook->test))
        throw Problem{Errc::delivery_not_found};
    return *std::move(row);
}

Task<net::Page<Delivery>> list_deliveries(
    Deps& deps, Caller const& caller, WebhookId const& id, ListDeliveries const& query)
{
    auto const before = query.cursor ? std::get<0>(net::read_cursor<std::int64_t>(*query.cursor))
                                     : std::numeric_limits<std::int64_t>::max();
    auto const limit = query.limit.value.value;
    auto const rows = co_await deps.database.read(caller.workspace, [&](db::Tx const& tx) {
        require_webhook(tx, caller, id);
        return list_deliveries_of(tx, id, query.state, before, limit + 1);
    });
    net::Page<Delivery> page;
    for (auto const& row : rows) {
        if (static_cast<std::int64_t>(page.data.size()) == limit) {
            page.next = net::encode_cursor({std::to_string(page.data.back().offset)});
            break;
        }
        page.data.push_back(to_view(row));
    }
    co_return page;
}

Task<Delivery> get_delivery(Deps& deps, Caller const& caller, DeliveryId const& id)
{
    co_return co_await deps.database.read(caller.workspace,
        [&](db::Tx const& tx) { return to_view(require_delivery(tx, caller, id)); });
}

Task<net::Page<DeliveryAttempt>> list_attempts(
    Deps& deps, Caller const& caller, DeliveryId const& id)
{
    co_return co_await deps.database.read(caller.workspace, [&](db::Tx const& tx) {
        require_delivery(tx, caller, id);
        return net::Page<DeliveryAttempt>{list_attempts_of(tx, id), std::nullopt};
    });
}

Task<Delivery> retry_delivery(Deps& deps, Caller const& caller, DeliveryId const& id)
{
    co_return co_await workspaces::write_once(deps.database, caller, 200, [&](db::Tx& tx) {
        auto const row = require_delivery(tx, caller, id);
        if (row.state != DeliveryState::dead)
            throw Problem{Errc::not_retriable};
        if (find_webhook(tx, row.webhook_id)->state == WebhookState::disabled)
            throw Problem{Errc::webhook_disabled};
        revive(tx, row);
        tx.wake(db::Wake::webhooks);
        return to_view(*find_delivery(tx, id));
    });
}

Task<RetriedDeliveries> retry_deliveries(
    Deps& deps, Caller const& caller, RetryDeliveries const& command)
{
    // One transaction, so that it happens as a whole or not at all; who wants more asks again.
    static constexpr std::int64_t at_once = 200;
    co_return co_await workspaces::write_once(deps.database, caller, 200, [&](db::Tx& tx) {
        if (command.filter.webhook_id)
            require_webhook(tx, caller, *command.filter.webhook_id);
        auto const retried = revive_dead(tx, command.filter, caller.test, at_once);
        if (retried > 0)
            tx.wake(db::Wake::webhooks);
        return RetriedDeliveries{retried, retried == at_once};
    });
}

}
