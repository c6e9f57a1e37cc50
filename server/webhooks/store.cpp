#include "webhooks/store.hpp"

#include <limits>

namespace hermod::webhooks {

Webhook to_view(WebhookRow const& row, Timestamp now)
{
    auto const to_come = [now](std::optional<Timestamp> const& time) {
        return time && *time > now ? time : std::nullopt;
    };
    return {.id = row.id,
        .url = row.url,
        .description = row.description,
        .filter = read_stored_json<WebhookFilter>(row.filter.text),
        .test = row.test,
        .state = row.state,
        .disabled_reason = row.disabled_reason,
        .disabled_at = row.disabled_at,
        .failing_since = row.failing_since,
        .last_success_at = row.last_success_at,
        .last_failure_at = row.last_failure_at,
        .held_until = to_come(row.held_until),
        .old_secret_ends_at = to_come(row.old_secret_ends_at),
        .created_at = row.created_at,
        .updated_at = row.updated_at};
}

std::string secret_context(WebhookId const& id)
{
    return "webhooks:" + id.str();
}

std::optional<WebhookRow> find_webhook(db::Tx const& tx, WebhookId const& id)
{
    return tx.one<WebhookRow>(R"sql(
        SELECT {columns} FROM webhooks w
        JOIN webhook_progress p ON p.workspace_id = w.workspace_id AND p.webhook_id = w.id
        WHERE w.workspace_id = $1 AND w.id = $2)sql",
        id);
}

WebhookRow require_webhook(db::Tx const& tx, Caller const& caller, WebhookId const& id)
{
    auto row = find_webhook(tx, id);
    if (!row || (caller.test && !row->test))
        throw Problem{Errc::webhook_not_found};
    return *std::move(row);
}

std::vector<WebhookRow> list_webhooks(db::Tx const& tx)
{
    return tx.all<WebhookRow>(R"sql(
        SELECT {columns} FROM webhooks w
        JOIN webhook_progress p ON p.workspace_id = w.workspace_id AND p.webhook_id = w.id
        WHERE w.workspace_id = $1)sql");
}

std::vector<WebhookRow> list_webhooks_after(
    db::Tx const& tx, bool test_only, Timestamp created_at, WebhookId const& id, std::int64_t limit)
{
    return tx.all<WebhookRow>(R"sql(
        SELECT {columns} FROM webhooks w
        JOIN webhook_progress p ON p.workspace_id = w.workspace_id AND p.webhook_id = w.id
        WHERE w.workspace_id = $1 AND w.test >= $2 AND (w.created_at, w.id) > ($3, $4)
        ORDER BY w.created_at, w.id LIMIT $5)sql",
        test_only, created_at, id, limit);
}

std::int64_t count_webhooks(db::Tx const& tx)
{
    return *tx.one<std::int64_t>("SELECT COUNT(*) FROM webhook_progress WHERE workspace_id = $1");
}

void insert_webhook(db::Tx& tx, WebhookRow const& row)
{
    tx.run(R"sql(
        INSERT INTO webhooks
            (workspace_id, id, url, description, filter, test, state, disabled_reason, disabled_at,
             secret, old_secret, old_secret_ends_at, created_at, updated_at, deleted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, NULL, $8, NULL, NULL, $9, $9, NULL))sql",
        row.id, row.url, row.description, row.filter, row.test, row.state, row.secret,
        row.created_at);
    tx.run(R"sql(
        INSERT INTO webhook_progress
            (workspace_id, webhook_id, live, log_offset, replay_offset, replay_until, failing_since,
             last_success_at, last_failure_at, held_until, holds)
        VALUES ($1, $2, TRUE, $3, NULL, NULL, NULL, NULL, NULL, NULL, 0))sql",
        row.id, row.log_offset);
}

void update_webhook(db::Tx& tx, WebhookRow const& row)
{
    tx.run(R"sql(
        UPDATE webhooks SET url = $3, description = $4, filter = $5, state = $6,
            disabled_reason = $7, disabled_at = $8, secret = $9, old_secret = $10,
            old_secret_ends_at = $11, updated_at = $12
        WHERE workspace_id = $1 AND id = $2)sql",
        row.id, row.url, row.description, row.filter, row.state, row.disabled_reason,
        row.disabled_at, row.secret, row.old_secret, row.old_secret_ends_at, row.updated_at);
}

void restart_progress(db::Tx& tx, WebhookId const& id, std::int64_t log_offset)
{
    tx.run(R"sql(
        UPDATE webhook_progress SET live = TRUE, log_offset = $3, failing_since = NULL,
            held_until = NULL, holds = 0
        WHERE workspace_id = $1 AND webhook_id = $2)sql",
        id, log_offset);
}

void stop_progress(db::Tx& tx, WebhookId const& id)
{
    tx.run(R"sql(
        UPDATE webhook_progress
        SET live = FALSE, replay_offset = NULL, replay_until = NULL, held_until = NULL, holds = 0
        WHERE workspace_id = $1 AND webhook_id = $2)sql",
        id);
}

void erase_webhook(db::Tx& tx, WebhookId const& id)
{
    tx.run(R"sql(
        UPDATE webhooks SET deleted_at = $3, url = '', description = NULL, filter = '{}',
            secret = NULL, old_secret = NULL
        WHERE workspace_id = $1 AND id = $2)sql",
        id, tx.now());
    tx.run("DELETE FROM webhook_progress WHERE workspace_id = $1 AND webhook_id = $2", id);
}

std::int64_t move_progress(db::Tx& tx, std::int64_t from, std::int64_t to)
{
    return tx.run_counted(R"sql(
        UPDATE webhook_progress SET log_offset = $3
        WHERE workspace_id = $1 AND log_offset = $2 AND live)sql",
        from, to);
}

void set_progress(db::Tx& tx, WebhookId const& id, std::int64_t from, std::int64_t to)
{
    tx.run(R"sql(
        UPDATE webhook_progress SET log_offset = $4
        WHERE workspace_id = $1 AND webhook_id = $2 AND log_offset = $3 AND live)sql",
        id, from, to);
}

bool move_replay(
    db::Tx& tx, WebhookId const& id, std::int64_t from, std::int64_t until, std::int64_t to)
{
    auto const next = to < until ? std::optional{to} : std::nullopt;
    auto const end = next ? std::optional{until} : std::nullopt;
    return tx.run_counted(R"sql(
        UPDATE webhook_progress SET replay_offset = $5, replay_until = $6
        WHERE workspace_id = $1 AND webhook_id = $2 AND replay_offset = $3 AND replay_until = $4)sql",
               id, from, until, next, end)
        == 1;
}

void begin_replay(db::Tx& tx, WebhookId const& id, std::int64_t offset, std::int64_t until)
{
    tx.run(R"sql(
        UPDATE webhook_progress SET
            replay_offset = CASE WHEN replay_offset < $3 THEN replay_offset ELSE $3 END,
            replay_until = CASE WHEN replay_until > $4 THEN replay_until ELSE $4 END
        WHERE workspace_id = $1 AND webhook_id = $2)sql",
        id, offset, until);
}

void update_health(db::Tx& tx, WebhookId const& id, Health const& health)
{
    tx.run(R"sql(
        UPDATE webhook_progress SET failing_since = $3, last_success_at = $4, last_failure_at = $5,
            held_until = $6, holds = $7
        WHERE workspace_id = $1 AND webhook_id = $2 AND live)sql",
        id, health.failing_since, health.last_success_at, health.last_failure_at, health.held_until,
        health.holds);
}

}
