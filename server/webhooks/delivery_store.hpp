#pragma once

#include "webhooks/webhooks.hpp"

#include <optional>
#include <string>
#include <vector>

/// The SQL of deliveries; private to webhooks/ as store.hpp is.
namespace hermod::webhooks {

struct DeliveryRow {
    WebhookId webhook_id;
    std::int64_t log_offset = 0;
    DeliveryId id;
    EventId event_id;
    std::string event_type;
    std::optional<ConversationId> conversation_id;
    DeliveryState state = DeliveryState::pending;
    std::int64_t attempts = 0; ///< of this life
    std::int64_t tries = 0; ///< of all lives
    bool parked = false;
    Timestamp next_at;
    std::optional<Failure> failure;
    std::optional<std::string> failure_reason;
    std::optional<int> status;
    Timestamp created_at;
    std::optional<Timestamp> finished_at;
};
BOOST_DESCRIBE_STRUCT(DeliveryRow, (),
    (webhook_id, log_offset, id, event_id, event_type, conversation_id, state, attempts, tries,
        parked, next_at, failure, failure_reason, status, created_at, finished_at))

Delivery to_view(DeliveryRow const& row);

/// An open delivery, as the engine keeps it in memory.
struct OpenRow {
    std::int64_t log_offset = 0;
    DeliveryId id;
    std::optional<ConversationId> conversation_id;
    std::int64_t attempts = 0;
    std::int64_t tries = 0;
    bool parked = false;
    Timestamp next_at;
};
BOOST_DESCRIBE_STRUCT(
    OpenRow, (), (log_offset, id, conversation_id, attempts, tries, parked, next_at))

/// A delivery of the event, due now. One that ended, and is delivered again by a replay, begins
/// anew; one that is open stays as it is.
DeliveryId insert_delivery(db::Tx& tx, WebhookId const& webhook, events::Line const& line);

/// What an attempt leaves: written where no other attempt of the same number was.
struct AttemptEnd {
    WebhookId webhook_id;
    std::int64_t log_offset = 0;
    DeliveryId id;
    std::int64_t n = 0; ///< of the attempt: one more than the tries before it
    Timestamp started_at;
    std::int64_t duration_ms = 0;
    std::optional<DeliveryError> error;
    std::optional<int> status;
    DeliveryState state = DeliveryState::delivered; ///< the delivery's, from now on
    std::int64_t attempts = 0;
    bool parked = false;
    Timestamp next_at;
};
void write_attempt(db::Tx& tx, AttemptEnd const& end);

/// Gives up at most `limit` open deliveries of a disabled webhook; how many.
std::int64_t give_up_open(db::Tx& tx, WebhookId const& webhook, std::int64_t limit);

/// Open ones behind `offset`, in the order of the log.
std::vector<OpenRow> list_open_after(
    db::Tx const& tx, WebhookId const& webhook, std::int64_t offset, std::int64_t limit);
/// Those being retried, by time, from the one at (`next_at`, `offset`) on.
std::vector<OpenRow> list_due_from(db::Tx const& tx, WebhookId const& webhook, Timestamp next_at,
    std::int64_t offset, std::int64_t limit);

std::optional<DeliveryRow> find_delivery(db::Tx const& tx, DeliveryId const& id);
/// Newest first, below `before`.
std::vector<DeliveryRow> list_deliveries_of(db::Tx const& tx, WebhookId const& webhook,
    std::optional<DeliveryState> state, std::int64_t before, std::int64_t limit);
std::vector<DeliveryAttempt> list_attempts_of(db::Tx const& tx, DeliveryId const& id);

/// Due now, its attempts anew.
void revive(db::Tx& tx, DeliveryRow const& row);
/// Revives at most `limit` dead ones of enabled webhooks; how many.
std::int64_t revive_dead(
    db::Tx& tx, DeliveryFilter const& filter, bool test_only, std::int64_t limit);

}
