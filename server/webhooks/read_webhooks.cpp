#include "net/cursor.hpp"

#include "webhooks/store.hpp"

namespace hermod::webhooks {

Task<net::Page<Webhook>> list_webhooks(Deps& deps, Caller const& caller, ListWebhooks const& query)
{
    auto const [after_time, after_id] = query.cursor
        ? net::read_cursor<Timestamp, WebhookId>(*query.cursor)
        : std::tuple<Timestamp, WebhookId>{};
    auto const limit = query.limit.value.value;
    auto const rows = co_await deps.database.read(
        caller.workspace, [&, time = after_time, id = after_id](db::Tx const& tx) {
            return list_webhooks_after(tx, caller.test, time, id, limit + 1);
        });
    net::Page<Webhook> page;
    auto const now = deps.database.clock().now();
    for (auto const& row : rows) {
        if (static_cast<std::int64_t>(page.data.size()) == limit) {
            auto const& last = page.data.back();
            page.next = net::encode_cursor({std::to_string(last.created_at.us), last.id.str()});
            break;
        }
        page.data.push_back(to_view(row, now));
    }
    co_return page;
}

Task<Webhook> get_webhook(Deps& deps, Caller const& caller, WebhookId const& id)
{
    auto const row = co_await deps.database.read(
        caller.workspace, [&](db::Tx const& tx) { return require_webhook(tx, caller, id); });
    co_return to_view(row, deps.database.clock().now());
}

}
