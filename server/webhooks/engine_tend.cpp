// From the database into memory: what is configured, and what is open.
#include "base/errors.hpp"
#include "base/log.hpp"

#include "webhooks/engine.hpp"
#include <boost/system/system_error.hpp>

#include <algorithm>

namespace hermod::webhooks {

/// Of each kind, what is read in one transaction.
static constexpr std::int64_t page = 200;
static constexpr auto again_after_failure = std::chrono::seconds{1};

void Engine::start_tending(TenantPtr const& tenant)
{
    tenant->tending = true;
    tenant->tend_at.reset();
    deps_.tasks.spawn(io_, "webhooks workspace", [this, tenant]() -> Task<void> {
        std::string failure;
        try {
            co_await tend(tenant);
        } catch (boost::system::system_error const& e) {
            if (e.code() == asio::error::operation_aborted)
                throw; // the process is going down
            failure = e.what();
        } catch (std::exception const& e) {
            failure = e.what();
        }
        tenant->tending = false;
        if (!failure.empty()) {
            log::warn("webhooks wait for the database",
                {{"workspace", tenant->id.str()}, {"error", failure}});
            tenant->config_changed = true;
            tenant->log_changed = true;
            tenant->tend_at = deps_.clock.now() + again_after_failure;
        }
        touch(tenant);
    });
}

Task<void> Engine::tend(TenantPtr tenant)
{
    while (tenant->held) {
        if (std::exchange(tenant->config_changed, false)) {
            co_await load_webhooks(tenant);
            continue;
        }
        if (std::exchange(tenant->log_changed, false)) {
            co_await consume(tenant);
            continue;
        }
        auto const found = std::ranges::find_if(
            tenant->endpoints, [&](auto const& one) { return wants_reading(*one.second); });
        if (found == tenant->endpoints.end())
            co_return;
        co_await read_open(tenant, found->second);
        touch(tenant);
    }
}

static std::shared_ptr<Target const> open_target(WebhookRow const& row, Keyring const& keyring)
{
    auto target = std::make_shared<Target>();
    target->url = row.url;
    target->filter = read_stored_json<WebhookFilter>(row.filter.text);
    target->test = row.test;
    auto const context = secret_context(row.id);
    if (row.secret)
        target->secret = keyring.open(*row.secret, context);
    if (row.old_secret)
        target->old_secret = keyring.open(*row.old_secret, context);
    target->old_secret_ends_at = row.old_secret_ends_at;
    if (!target->secret)
        log::error("a webhook's secret cannot be read", {{"webhook", row.id.str()}});
    return target;
}

void Engine::take_webhook(Endpoint& endpoint, WebhookRow const& row) const
{
    endpoint.target = open_target(row, deps_.keyring);
    auto const was_enabled = std::exchange(endpoint.enabled, row.state == WebhookState::enabled);
    if (endpoint.enabled && !was_enabled) {
        endpoint.circuit = Circuit{row.held_until, row.holds};
        endpoint.health_changed = false;
        endpoint.paced_until.reset();
        endpoint.window = 1;
        endpoint.prompt = false;
        endpoint.swept = false;
    }
    if (!endpoint.health_changed)
        endpoint.health = {
            row.failing_since, row.last_success_at, row.last_failure_at, row.held_until, row.holds};
    if (!endpoint.enabled)
        endpoint.queue.drop();
    endpoint.log_offset = row.log_offset;
    endpoint.replay_offset = row.replay_offset;
    endpoint.replay_until = row.replay_until;
    // Something was changed: perhaps deliveries were revived.
    endpoint.read_up_to = 0;
    endpoint.behind = true;
}

Task<void> Engine::load_webhooks(TenantPtr tenant)
{
    auto const rows = co_await deps_.database.read(
        tenant->id, [](db::Tx const& tx) { return list_webhooks(tx); });
    auto before = std::exchange(tenant->endpoints, {});
    for (auto const& row : rows) {
        auto const known = before.find(row.id);
        auto const endpoint =
            known != before.end() ? known->second : std::make_shared<Endpoint>(row.id);
        take_webhook(*endpoint, row);
        tenant->endpoints.emplace(row.id, endpoint);
        before.erase(row.id);
    }
    for (auto const& [id, endpoint] : before) { // deleted
        endpoint->enabled = false;
        endpoint->queue.drop();
    }
    for (auto const& [id, endpoint] : std::map{tenant->endpoints})
        if (!endpoint->enabled && !endpoint->swept)
            co_await give_up(tenant, endpoint);
    touch(tenant);
}

/// What was open when the webhook was disabled is given up, and can be retried once it is enabled.
Task<void> Engine::give_up(TenantPtr tenant, EndpointPtr endpoint)
{
    for (std::int64_t given_up = page; given_up == page;)
        given_up = co_await deps_.database.write(tenant->id, [&](db::Tx& tx) -> std::int64_t {
            auto const row = find_webhook(tx, endpoint->id);
            if (!row || row->state == WebhookState::enabled)
                return 0;
            return give_up_open(tx, endpoint->id, page);
        });
    endpoint->swept = true;
}

namespace {

struct Found {
    std::vector<OpenRow> due;
    std::vector<OpenRow> more;
};

/// While it lives, the queue knows what ends behind the reader's back.
struct Reading {
    explicit Reading(EndpointQueue& of) : queue(of) { queue.begin_read(); }
    ~Reading() { queue.end_read(); }
    Reading(Reading const&) = delete;
    Reading& operator=(Reading const&) = delete;
    EndpointQueue& queue;
};

}

static void take_due(
    EndpointQueue& queue, std::vector<OpenRow> const& due, Timestamp from, Timestamp now)
{
    for (auto const& row : due) {
        if (row.next_at > now + EndpointQueue::horizon)
            return queue.leave(row.next_at);
        if (queue.add({row}, now) == EndpointQueue::Added::full)
            return queue.leave(row.next_at);
    }
    if (due.size() == static_cast<std::size_t>(page))
        queue.leave(std::max(due.back().next_at, from + microseconds{1}));
}

static void take_more(Endpoint& endpoint, std::vector<OpenRow> const& more, Timestamp now)
{
    for (auto const& row : more) {
        if (endpoint.queue.add({row}, now) == EndpointQueue::Added::full)
            return;
        endpoint.read_up_to = row.log_offset;
    }
    endpoint.behind = more.size() == static_cast<std::size_t>(page);
}

Task<void> Engine::read_open(TenantPtr tenant, EndpointPtr endpoint)
{
    auto& queue = endpoint->queue;
    auto const now = deps_.clock.now();
    if (auto const rescan = queue.take_rescan()) {
        endpoint->read_up_to = std::min(endpoint->read_up_to, *rescan);
        endpoint->behind = true;
    }
    auto const due =
        queue.left() && *queue.left() <= now + EndpointQueue::horizon ? queue.left() : std::nullopt;
    auto const more = endpoint->behind;
    auto const from = endpoint->read_up_to;
    Reading const reading{queue};
    auto const found = co_await deps_.database.read(tenant->id, [&](db::Tx const& tx) {
        Found rows;
        if (due)
            rows.due = list_due_from(tx, endpoint->id, *due, 0, page);
        if (more)
            rows.more = list_open_after(tx, endpoint->id, from, page);
        return rows;
    });
    if (!tenant->held || !endpoint->enabled)
        co_return;
    if (due) {
        queue.clear_left();
        take_due(queue, found.due, *due, now);
    }
    if (more)
        take_more(*endpoint, found.more, now);
}

}
