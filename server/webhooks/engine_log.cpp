// From the log into deliveries.
#include "base/errors.hpp"
#include "base/log.hpp"

#include "webhooks/engine.hpp"
#include "webhooks/filter.hpp"

#include <algorithm>

namespace hermod::webhooks {

/// Deliveries that one transaction makes.
static constexpr std::int64_t most_rows = 200;
/// Events kept in memory beside their deliveries; what waits longer is read when its turn comes.
static constexpr std::size_t most_kept_lines = 256;

/// Thrown where the webhooks are not as they were read: undoes the transaction.
struct ProgressMoved { };

/// An event for an endpoint.
struct Candidate {
    std::shared_ptr<Endpoint> endpoint;
    std::shared_ptr<events::Line const> line;
};

/// The webhooks that stand at `from`, moved to `to`.
struct Engine::Batch {
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::vector<std::shared_ptr<Endpoint>> endpoints;
    std::vector<Candidate> candidates;
};

/// A webhook of a test key sees what a test key does.
static bool sees(events::Audience const& audience, db::Tx const& tx, events::Line const& line)
{
    Caller caller;
    caller.kind = Caller::Kind::api_key;
    caller.workspace = tx.workspace();
    caller.scopes = {"admin"};
    caller.test = true;
    return audience.sees(tx, caller, line);
}

static std::optional<DeliveryId> insert_if_seen(
    db::Tx& tx, events::Audience const& audience, Candidate const& candidate)
{
    if (candidate.endpoint->target->test && !sees(audience, tx, *candidate.line))
        return std::nullopt;
    return insert_delivery(tx, candidate.endpoint->id, *candidate.line);
}

/// Events behind `from`; where the log does not reach there any more, it goes on where it begins.
Task<events::Log::Lines> Engine::read_log(TenantPtr tenant, std::int64_t from, std::int64_t limit)
{
    try {
        co_return co_await deps_.log.read(tenant->id, from, limit);
    } catch (Problem const& problem) {
        if (problem.code != Errc::cursor_expired)
            throw;
    }
    auto const extent = co_await deps_.log.extent(tenant->id);
    auto const to = from < extent.floor ? extent.floor : extent.head;
    log::error("webhooks stood outside the log",
        {{"workspace", tenant->id.str()}, {"offset", from}, {"moved_to", to}});
    co_await deps_.database.write(tenant->id, [&](db::Tx& tx) {
        for (auto const& row : list_webhooks(tx)) {
            if (row.log_offset == from)
                set_progress(tx, row.id, from, to);
            if (row.replay_offset == from)
                move_replay(tx, row.id, from, *row.replay_until, to);
        }
    });
    tenant->config_changed = true;
    tenant->log_changed = true;
    co_return events::Log::Lines{};
}

Task<void> Engine::consume(TenantPtr tenant)
{
    while (tenant->held && !tenant->config_changed) {
        auto const more = co_await consume_some(tenant);
        touch(tenant);
        if (more)
            continue;
        auto const replaying = std::ranges::find_if(tenant->endpoints,
            [](auto const& one) { return one.second->enabled && one.second->replay_offset; });
        if (replaying == tenant->endpoints.end())
            co_return;
        co_await replay_some(tenant, replaying->second);
    }
    tenant->log_changed = true;
}

/// The next events for those who are furthest behind; false where all stand at the head.
Task<bool> Engine::consume_some(TenantPtr tenant)
{
    Batch batch;
    std::optional<std::int64_t> next_group;
    for (auto const& [id, endpoint] : tenant->endpoints) {
        if (!endpoint->enabled)
            continue;
        auto const at = endpoint->log_offset;
        if (!batch.endpoints.empty() && at > batch.from) {
            next_group = std::min(next_group.value_or(at), at);
            continue;
        }
        if (!batch.endpoints.empty() && at < batch.from) {
            next_group = batch.from;
            batch.endpoints.clear();
        }
        batch.from = at;
        batch.endpoints.push_back(endpoint);
    }
    if (batch.endpoints.empty())
        co_return false;
    auto const limit =
        std::max<std::int64_t>(1, most_rows / static_cast<std::int64_t>(batch.endpoints.size()));
    auto const lines = co_await read_log(tenant, batch.from, limit);
    for (auto const& line : lines) {
        if (next_group && line->log_offset > *next_group)
            break;
        batch.to = line->log_offset;
        for (auto const& endpoint : batch.endpoints)
            if (matches(endpoint->target->filter, *line))
                batch.candidates.push_back({endpoint, line});
    }
    if (batch.to == 0)
        co_return false;
    // What was deleted may have been redacted in the events before it.
    if (std::ranges::any_of(
            lines, [](auto const& line) { return line->type.ends_with(".deleted"); }))
        for (auto const& [id, endpoint] : tenant->endpoints)
            endpoint->queue.forget_lines();
    co_await write_batch(tenant, batch);
    co_return true;
}

Task<void> Engine::write_batch(TenantPtr tenant, Batch const& batch)
{
    try {
        auto const ids = co_await deps_.database.write(tenant->id, [&](db::Tx& tx) {
            if (move_progress(tx, batch.from, batch.to)
                != static_cast<std::int64_t>(batch.endpoints.size()))
                throw ProgressMoved{};
            std::vector<std::optional<DeliveryId>> made;
            for (auto const& candidate : batch.candidates)
                made.push_back(insert_if_seen(tx, deps_.audience, candidate));
            return made;
        });
        hand_over(batch, ids);
    } catch (ProgressMoved const&) {
        tenant->config_changed = true;
    }
}

/// What was just made need not be read back.
void Engine::hand_over(Batch const& batch, std::vector<std::optional<DeliveryId>> const& ids)
{
    auto const now = deps_.clock.now();
    for (auto const& endpoint : batch.endpoints)
        endpoint->log_offset = batch.to;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        auto& endpoint = *batch.candidates[i].endpoint;
        if (!ids[i] || !endpoint.enabled || endpoint.behind)
            continue;
        auto const& line = batch.candidates[i].line;
        Entry entry{{.log_offset = line->log_offset,
                        .id = *ids[i],
                        .conversation_id = line->conversation_id,
                        .next_at = now},
            endpoint.queue.size() < most_kept_lines ? line : nullptr};
        if (endpoint.queue.add(std::move(entry), now) == EndpointQueue::Added::full)
            endpoint.behind = true;
        else
            endpoint.read_up_to = line->log_offset;
    }
}

Task<void> Engine::replay_some(TenantPtr tenant, EndpointPtr endpoint)
{
    auto const from = *endpoint->replay_offset;
    auto const until = *endpoint->replay_until;
    auto const lines = co_await read_log(tenant, from, most_rows);
    if (tenant->config_changed)
        co_return;
    auto to = until;
    if (lines.size() == static_cast<std::size_t>(most_rows))
        to = std::min(to, lines.back()->log_offset);
    auto const moved = co_await deps_.database.write(tenant->id, [&](db::Tx& tx) {
        if (!move_replay(tx, endpoint->id, from, until, to))
            return false;
        for (auto const& line : lines)
            if (line->log_offset <= to && matches(endpoint->target->filter, *line))
                insert_if_seen(tx, deps_.audience, {endpoint, line});
        return true;
    });
    if (!moved) {
        tenant->config_changed = true;
        co_return;
    }
    endpoint->replay_offset = to < until ? std::optional{to} : std::nullopt;
    endpoint->read_up_to = std::min(endpoint->read_up_to, from);
    endpoint->behind = true;
}

}
