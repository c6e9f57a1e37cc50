#pragma once

#include "webhooks/webhooks.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hermod::webhooks {

/// A webhook as stored, with its progress.
struct WebhookRow {
    WebhookId id;
    std::string url;
    std::optional<std::string> description;
    JsonText filter;
    bool test = false;
    WebhookState state = WebhookState::enabled;
    std::optional<DisabledReason> disabled_reason;
    std::optional<Timestamp> disabled_at;
    std::optional<std::string> secret; ///< sealed
    std::optional<std::string> old_secret; ///< sealed
    std::optional<Timestamp> old_secret_ends_at;
    Timestamp created_at;
    Timestamp updated_at;
    std::int64_t log_offset = 0;
    std::optional<std::int64_t> replay_offset;
    std::optional<std::int64_t> replay_until;
    std::optional<Timestamp> failing_since;
    std::optional<Timestamp> last_success_at;
    std::optional<Timestamp> last_failure_at;
    std::optional<Timestamp> held_until;
    std::int64_t holds = 0;
};
BOOST_DESCRIBE_STRUCT(WebhookRow, (),
    (id, url, description, filter, test, state, disabled_reason, disabled_at, secret, old_secret,
        old_secret_ends_at, created_at, updated_at, log_offset, replay_offset, replay_until,
        failing_since, last_success_at, last_failure_at, held_until, holds))

Webhook to_view(WebhookRow const& row, Timestamp now);
std::string secret_context(WebhookId const& id);

std::optional<WebhookRow> find_webhook(db::Tx const& tx, WebhookId const& id);
/// Throws webhook_not_found where there is none, or none that the caller may see.
WebhookRow require_webhook(db::Tx const& tx, Caller const& caller, WebhookId const& id);
/// Of those that are not deleted.
std::vector<WebhookRow> list_webhooks(db::Tx const& tx);
std::vector<WebhookRow> list_webhooks_after(db::Tx const& tx, bool test_only, Timestamp created_at,
    WebhookId const& id, std::int64_t limit);
std::int64_t count_webhooks(db::Tx const& tx);

void insert_webhook(db::Tx& tx, WebhookRow const& row);
/// All but the progress.
void update_webhook(db::Tx& tx, WebhookRow const& row);
/// Begins anew at this event, nothing known of how it went before.
void restart_progress(db::Tx& tx, WebhookId const& id, std::int64_t log_offset);
void stop_progress(db::Tx& tx, WebhookId const& id);
/// Leaves what the deliveries are found by; they go later.
void erase_webhook(db::Tx& tx, WebhookId const& id);

/// Moves all live webhooks that stand at `from`; how many.
std::int64_t move_progress(db::Tx& tx, std::int64_t from, std::int64_t to);
/// Moves one that does not stand where it could; nothing where it was moved meanwhile.
void set_progress(db::Tx& tx, WebhookId const& id, std::int64_t from, std::int64_t to);
/// Moves a replay; ends it where it has reached its end. False where it was changed meanwhile.
bool move_replay(
    db::Tx& tx, WebhookId const& id, std::int64_t from, std::int64_t until, std::int64_t to);
/// Joins what is asked for with a replay that is under way.
void begin_replay(db::Tx& tx, WebhookId const& id, std::int64_t offset, std::int64_t until);

/// How a webhook fares, as its engine knows it.
struct Health {
    std::optional<Timestamp> failing_since;
    std::optional<Timestamp> last_success_at;
    std::optional<Timestamp> last_failure_at;
    std::optional<Timestamp> held_until;
    std::int64_t holds = 0;
};
void update_health(db::Tx& tx, WebhookId const& id, Health const& health);

}
