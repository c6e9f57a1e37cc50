#include "webhooks/delivery_store.hpp"

#include <limits>

namespace hermod::webhooks {

static std::optional<DeliveryError> error_of(std::optional<Failure> failure,
    std::optional<std::string> const& reason, std::optional<int> status)
{
    if (!failure)
        return std::nullopt;
    return DeliveryError{*failure, reason.value_or(std::string{}), status};
}

static bool is_open(DeliveryState state)
{
    return state == DeliveryState::pending || state == DeliveryState::retrying;
}

Delivery to_view(DeliveryRow const& row)
{
    return {.id = row.id,
        .webhook_id = row.webhook_id,
        .event_id = row.event_id,
        .event_type = row.event_type,
        .offset = row.log_offset,
        .conversation_id = row.conversation_id,
        .state = row.state,
        .attempts = row.tries,
        .parked = row.parked,
        .next_attempt_at = is_open(row.state) ? std::optional{row.next_at} : std::nullopt,
        .error = error_of(row.failure, row.failure_reason, row.status),
        .created_at = row.created_at,
        .finished_at = row.finished_at};
}

DeliveryId insert_delivery(db::Tx& tx, WebhookId const& webhook, events::Line const& line)
{
    auto const id = DeliveryId::make(tx.now());
    tx.run(R"sql(
        INSERT INTO deliveries
            (workspace_id, webhook_id, log_offset, id, event_id, event_type, conversation_id, state,
             attempts, tries, parked, next_at, failure, failure_reason, status, created_at,
             finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', 0, 0, FALSE, $8, NULL, NULL, NULL, $8, NULL)
        ON CONFLICT (workspace_id, webhook_id, log_offset) DO UPDATE SET
            state = 'pending', attempts = 0, parked = FALSE, next_at = $8, finished_at = NULL
        WHERE deliveries.state IN ('delivered', 'dead'))sql",
        webhook, line.log_offset, id, line.id, line.type, line.conversation_id, tx.now());
    return id;
}

void write_attempt(db::Tx& tx, AttemptEnd const& end)
{
    auto const failure = end.error ? std::optional{end.error->code} : std::nullopt;
    auto const reason = end.error ? std::optional{end.error->reason} : std::nullopt;
    auto const finished = is_open(end.state) ? std::nullopt : std::optional{tx.now()};
    tx.run(R"sql(
        INSERT INTO delivery_attempts
            (workspace_id, delivery_id, n, started_at, duration_ms, failure, failure_reason, status)
        SELECT $1, id, tries + 1, $5, $6, $7, $8, $9 FROM deliveries
        WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset = $3 AND tries = $4)sql",
        end.webhook_id, end.log_offset, end.n - 1, end.started_at, end.duration_ms, failure, reason,
        end.status);
    // One that was given up amid the attempt stays dead, unless the attempt reached its end.
    tx.run(R"sql(
        UPDATE deliveries SET tries = $5, failure = $6, failure_reason = $7, status = $8,
            attempts = $9, parked = $10,
            state = CASE WHEN state = 'dead' AND $11 <> 'delivered' THEN state ELSE $11 END,
            next_at = $12,
            finished_at = CASE WHEN state = 'dead' AND $11 <> 'delivered' THEN finished_at ELSE $13 END
        WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset = $3 AND tries = $4)sql",
        end.webhook_id, end.log_offset, end.n - 1, end.n, failure, reason, end.status, end.attempts,
        end.parked, end.state, end.next_at, finished);
}

std::int64_t give_up_open(db::Tx& tx, WebhookId const& webhook, std::int64_t limit)
{
    return tx.run_counted(R"sql(
        UPDATE deliveries SET state = 'dead', finished_at = $3, failure = $4,
            failure_reason = 'the webhook was disabled', status = NULL
        WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset IN (
            SELECT log_offset FROM deliveries
            WHERE workspace_id = $1 AND webhook_id = $2 AND state IN ('pending', 'retrying')
            LIMIT $5))sql",
        webhook, tx.now(), Failure::webhook_disabled, limit);
}

std::vector<OpenRow> list_open_after(
    db::Tx const& tx, WebhookId const& webhook, std::int64_t offset, std::int64_t limit)
{
    return tx.all<OpenRow>(R"sql(
        SELECT {columns} FROM deliveries
        WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset > $3
            AND state IN ('pending', 'retrying')
        ORDER BY log_offset LIMIT $4)sql",
        webhook, offset, limit);
}

std::vector<OpenRow> list_due_from(db::Tx const& tx, WebhookId const& webhook, Timestamp next_at,
    std::int64_t offset, std::int64_t limit)
{
    return tx.all<OpenRow>(R"sql(
        SELECT {columns} FROM deliveries
        WHERE workspace_id = $1 AND webhook_id = $2 AND (next_at, log_offset) >= ($3, $4)
            AND state = 'retrying'
        ORDER BY next_at, log_offset LIMIT $5)sql",
        webhook, next_at, offset, limit);
}

std::optional<DeliveryRow> find_delivery(db::Tx const& tx, DeliveryId const& id)
{
    return tx.one<DeliveryRow>(
        "SELECT {columns} FROM deliveries WHERE workspace_id = $1 AND id = $2", id);
}

std::vector<DeliveryRow> list_deliveries_of(db::Tx const& tx, WebhookId const& webhook,
    std::optional<DeliveryState> state, std::int64_t before, std::int64_t limit)
{
    if (!state)
        return tx.all<DeliveryRow>(R"sql(
            SELECT {columns} FROM deliveries
            WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset < $3
            ORDER BY log_offset DESC LIMIT $4)sql",
            webhook, before, limit);
    // Each with its own index.
    if (*state == DeliveryState::dead)
        return tx.all<DeliveryRow>(R"sql(
            SELECT {columns} FROM deliveries
            WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset < $3 AND state = 'dead'
            ORDER BY log_offset DESC LIMIT $4)sql",
            webhook, before, limit);
    if (is_open(*state))
        return tx.all<DeliveryRow>(R"sql(
            SELECT {columns} FROM deliveries
            WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset < $3
                AND state IN ('pending', 'retrying') AND state = $5
            ORDER BY log_offset DESC LIMIT $4)sql",
            webhook, before, limit, *state);
    return tx.all<DeliveryRow>(R"sql(
        SELECT {columns} FROM deliveries
        WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset < $3 AND state = 'delivered'
        ORDER BY log_offset DESC LIMIT $4)sql",
        webhook, before, limit);
}

namespace {

struct AttemptRow {
    std::int64_t n = 0;
    Timestamp started_at;
    std::int64_t duration_ms = 0;
    std::optional<Failure> failure;
    std::optional<std::string> failure_reason;
    std::optional<int> status;
};
BOOST_DESCRIBE_STRUCT(AttemptRow, (), (n, started_at, duration_ms, failure, failure_reason, status))

}

std::vector<DeliveryAttempt> list_attempts_of(db::Tx const& tx, DeliveryId const& id)
{
    std::vector<DeliveryAttempt> attempts;
    for (auto const& row : tx.all<AttemptRow>(R"sql(
            SELECT {columns} FROM delivery_attempts
            WHERE workspace_id = $1 AND delivery_id = $2 ORDER BY n DESC LIMIT 200)sql",
             id))
        attempts.push_back({.n = row.n,
            .started_at = row.started_at,
            .duration_ms = row.duration_ms,
            .outcome = row.failure ? DeliveryOutcome::failed : DeliveryOutcome::delivered,
            .status = row.status,
            .error = error_of(row.failure, row.failure_reason, row.status)});
    return attempts;
}

void revive(db::Tx& tx, DeliveryRow const& row)
{
    tx.run(R"sql(
        UPDATE deliveries SET state = 'pending', attempts = 0, next_at = $4, finished_at = NULL
        WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset = $3)sql",
        row.webhook_id, row.log_offset, tx.now());
}

namespace {

struct DeadRow {
    WebhookId webhook_id;
    std::int64_t log_offset = 0;
};
BOOST_DESCRIBE_STRUCT(DeadRow, (), (webhook_id, log_offset))

}

static std::vector<DeadRow> list_dead(
    db::Tx const& tx, DeliveryFilter const& filter, bool test_only, std::int64_t limit)
{
    auto const from = filter.created_from.value_or(Timestamp{});
    auto const before =
        filter.created_before.value_or(Timestamp{std::numeric_limits<std::int64_t>::max()});
    if (filter.webhook_id)
        return tx.all<DeadRow>(R"sql(
            SELECT {columns} FROM deliveries d
            JOIN webhooks w ON w.workspace_id = d.workspace_id AND w.id = d.webhook_id
            WHERE d.workspace_id = $1 AND d.webhook_id = $7 AND d.state = 'dead'
                AND w.state = 'enabled' AND w.deleted_at IS NULL AND w.test >= $2
                AND d.failure = COALESCE($3, d.failure)
                AND d.created_at >= $4 AND d.created_at < $5
            LIMIT $6)sql",
            test_only, filter.code, from, before, limit, *filter.webhook_id);
    return tx.all<DeadRow>(R"sql(
        SELECT {columns} FROM deliveries d
        JOIN webhooks w ON w.workspace_id = d.workspace_id AND w.id = d.webhook_id
        WHERE d.workspace_id = $1 AND d.state = 'dead'
            AND w.state = 'enabled' AND w.deleted_at IS NULL AND w.test >= $2
            AND d.failure = COALESCE($3, d.failure)
            AND d.created_at >= $4 AND d.created_at < $5
        LIMIT $6)sql",
        test_only, filter.code, from, before, limit);
}

std::int64_t revive_dead(
    db::Tx& tx, DeliveryFilter const& filter, bool test_only, std::int64_t limit)
{
    auto const dead = list_dead(tx, filter, test_only, limit);
    for (auto const& [webhook, offset] : dead)
        tx.run(R"sql(
            UPDATE deliveries SET state = 'pending', attempts = 0, next_at = $4, finished_at = NULL
            WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset = $3)sql",
            webhook, offset, tx.now());
    return static_cast<std::int64_t>(dead.size());
}

std::int64_t first_needed_offset(db::Tx const& tx)
{
    // The events behind what an enabled webhook has seen, and those of open deliveries.
    auto const first = tx.one<std::optional<std::int64_t>>(R"sql(
        SELECT MIN(first) FROM (
            SELECT log_offset + 1 AS first FROM webhook_progress
            WHERE workspace_id = $1 AND live
            UNION ALL
            SELECT replay_offset + 1 FROM webhook_progress
            WHERE workspace_id = $1 AND replay_offset IS NOT NULL
            UNION ALL
            SELECT (SELECT MIN(d.log_offset) FROM deliveries d
                WHERE d.workspace_id = $1 AND d.webhook_id = p.webhook_id
                    AND d.state IN ('pending', 'retrying'))
            FROM webhook_progress p WHERE p.workspace_id = $1
        ) AS needed)sql");
    return first && *first ? **first : std::numeric_limits<std::int64_t>::max();
}

static void remove_delivery(db::Tx& tx, WebhookId const& webhook, std::int64_t offset)
{
    tx.run(R"sql(
        DELETE FROM delivery_attempts WHERE workspace_id = $1 AND delivery_id = (
            SELECT id FROM deliveries
            WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset = $3))sql",
        webhook, offset);
    tx.run(R"sql(
        DELETE FROM deliveries
        WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset = $3)sql",
        webhook, offset);
}

/// A deleted webhook goes when nothing is left that names it.
static std::int64_t remove_deleted(db::Tx& tx, std::int64_t limit)
{
    auto const webhook = tx.one<WebhookId>(
        "SELECT id FROM webhooks WHERE workspace_id = $1 AND deleted_at IS NOT NULL LIMIT 1");
    if (!webhook)
        return 0;
    auto const rows = tx.all<DeadRow>(R"sql(
        SELECT {columns} FROM deliveries WHERE workspace_id = $1 AND webhook_id = $2 LIMIT $3)sql",
        *webhook, limit);
    for (auto const& row : rows)
        remove_delivery(tx, row.webhook_id, row.log_offset);
    if (static_cast<std::int64_t>(rows.size()) < limit)
        tx.run("DELETE FROM webhooks WHERE workspace_id = $1 AND id = $2", *webhook);
    return static_cast<std::int64_t>(rows.size());
}

std::int64_t delete_old_deliveries(db::Tx& tx, Timestamp before, std::int64_t limit)
{
    auto const removed = remove_deleted(tx, limit);
    auto const old = tx.all<DeadRow>(R"sql(
        SELECT {columns} FROM deliveries WHERE workspace_id = $1 AND finished_at < $2 LIMIT $3)sql",
        before, limit - removed);
    for (auto const& row : old)
        remove_delivery(tx, row.webhook_id, row.log_offset);
    return removed + static_cast<std::int64_t>(old.size());
}

}
