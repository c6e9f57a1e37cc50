#include "workspaces/audit.hpp"
#include "workspaces/idempotency.hpp"

#include "webhooks/store.hpp"

namespace hermod::webhooks {

/// The offset behind which the replay begins.
static std::int64_t beginning(
    db::Tx const& tx, std::optional<std::int64_t> after, std::optional<Timestamp> since)
{
    auto const extent = events::find_extent(tx).value_or(events::Extent{});
    if (since)
        return events::offset_before(tx, *since);
    if (*after < extent.floor || *after > extent.head)
        throw Problem{Errc::cursor_expired};
    return *after;
}

static Replay begin(db::Tx& tx, Deps const& deps, Caller const& caller, WebhookId const& id,
    ReplayEvents const& command)
{
    auto const row = require_webhook(tx, caller, id);
    if (row.state == WebhookState::disabled)
        throw Problem{Errc::webhook_disabled};
    if (command.after.has_value() == command.since.has_value())
        throw Problem{Errc::invalid_body, {},
            {{command.after ? "since" : "after", "give either `after` or `since`"}}};
    auto const after = command.after ? std::optional{deps.log.offset_of(*command.after)}
                                     : std::optional<std::int64_t>{};
    auto const from = beginning(tx, after, command.since);
    // What comes behind is on its way anyway.
    if (from < row.log_offset)
        begin_replay(tx, id, from, row.log_offset);
    tx.wake(db::Wake::webhooks);
    workspaces::audit(
        tx, caller, "webhook.replayed", id.str(), {{"from_offset", std::to_string(from + 1)}});
    return {id, from + 1, row.log_offset};
}

Task<Replay> replay_events(
    Deps& deps, Caller const& caller, WebhookId const& id, ReplayEvents const& command)
{
    co_return co_await workspaces::write_once(deps.database, caller, 202,
        [&](db::Tx& tx) { return begin(tx, deps, caller, id, command); });
}

}
