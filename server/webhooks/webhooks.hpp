#pragma once

#include "base/codec.hpp"
#include "base/crypto.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "events/audience.hpp"
#include "events/events.hpp"
#include "events/log.hpp"
#include "net/address_guard.hpp"
#include "net/caller.hpp"
#include "net/request.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hermod::net {
class Router;
}

namespace hermod::webhooks {

/// Of a message, as it tells by itself.
enum class Direction { inbound, outbound };
BOOST_DESCRIBE_ENUM(Direction, inbound, outbound)

/// Which events a webhook gets. What is left out does not restrict; an event that names no message,
/// or no account, does not pass a filter that asks for one.
struct WebhookFilter {
    std::optional<List<Text<1, 100>, 1, 100>> types{};
    std::optional<Direction> direction{};
    std::optional<List<AccountId, 1, 100>> account_ids{};
};
BOOST_DESCRIBE_STRUCT(WebhookFilter, (), (types, direction, account_ids))

enum class WebhookState { enabled, disabled };
BOOST_DESCRIBE_ENUM(WebhookState, enabled, disabled)

/// `request`: somebody disabled it. `gone`: it answered 410. `failing`: for days all has failed.
enum class DisabledReason { request, gone, failing };
BOOST_DESCRIBE_ENUM(DisabledReason, request, gone, failing)

/// A customer's endpoint that receives events.
struct Webhook {
    WebhookId id;
    std::string url;
    std::optional<std::string> description;
    WebhookFilter filter;
    bool test = false; ///< made by a test key: gets what a test key sees
    WebhookState state = WebhookState::enabled;
    std::optional<DisabledReason> disabled_reason;
    std::optional<Timestamp> disabled_at;
    std::optional<Timestamp> failing_since; ///< the first failure since the last success
    std::optional<Timestamp> last_success_at;
    std::optional<Timestamp> last_failure_at;
    std::optional<Timestamp> held_until; ///< so much fails that nothing is tried before
    std::optional<Timestamp> old_secret_ends_at;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(Webhook, (),
    (id, url, description, filter, test, state, disabled_reason, disabled_at, failing_since,
        last_success_at, last_failure_at, held_until, old_secret_ends_at, created_at, updated_at))

/// A webhook with its new secret, which no other answer shows.
struct IssuedWebhook {
    WebhookId id;
    std::string url;
    std::optional<std::string> description;
    WebhookFilter filter;
    bool test = false;
    WebhookState state = WebhookState::enabled;
    std::optional<DisabledReason> disabled_reason;
    std::optional<Timestamp> disabled_at;
    std::optional<Timestamp> failing_since;
    std::optional<Timestamp> last_success_at;
    std::optional<Timestamp> last_failure_at;
    std::optional<Timestamp> held_until;
    std::optional<Timestamp> old_secret_ends_at;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<std::string> secret; ///< null where an idempotent request is answered again
};
BOOST_DESCRIBE_STRUCT(IssuedWebhook, (),
    (id, url, description, filter, test, state, disabled_reason, disabled_at, failing_since,
        last_success_at, last_failure_at, held_until, old_secret_ends_at, created_at, updated_at,
        secret))

struct WebhookEvent {
    Webhook webhook;
};
BOOST_DESCRIBE_STRUCT(WebhookEvent, (), (webhook))

struct WebhookTombstone {
    WebhookId id;
    Timestamp deleted_at;
};
BOOST_DESCRIBE_STRUCT(WebhookTombstone, (), (id, deleted_at))

struct WebhookDeletedEvent {
    WebhookTombstone webhook;
};
BOOST_DESCRIBE_STRUCT(WebhookDeletedEvent, (), (webhook))

inline constexpr events::Type<WebhookEvent> webhook_created{
    "webhook.created", "webhooks", "A webhook was made."};
inline constexpr events::Type<WebhookEvent> webhook_updated{
    "webhook.updated", "webhooks", "A webhook was changed or enabled, or has a new secret."};
inline constexpr events::Type<WebhookEvent> webhook_disabled{"webhook.disabled", "webhooks",
    "A webhook gets nothing any more: it answered 410, failed for days, or somebody disabled it."};
inline constexpr events::Type<WebhookDeletedEvent> webhook_deleted{
    "webhook.deleted", "webhooks", "A webhook was deleted."};
/// Goes to the webhook that it names, whatever its filter, and to no other.
inline constexpr events::Type<WebhookEvent> webhook_test{
    "webhook.test", "webhooks", "Somebody asked for a test of the webhook."};

/// `pending`: to be sent now. `retrying`: failed, and is tried again. `dead`: given up, retriable
/// by hand.
enum class DeliveryState { pending, retrying, delivered, dead };
BOOST_DESCRIBE_ENUM(DeliveryState, pending, retrying, delivered, dead)

/// Why an attempt failed, or why there was none.
enum class Failure {
    dns,
    connect,
    tls,
    timeout,
    reset, ///< the connection ended before the answer did
    protocol, ///< what came is not HTTP
    too_large,
    blocked_address,
    invalid_url,
    redirect,
    status_4xx,
    status_5xx,
    event_gone, ///< the log does not hold the event any more
    secret_unreadable, ///< the master key it is sealed under is not there
    webhook_disabled,
};
BOOST_DESCRIBE_ENUM(Failure, dns, connect, tls, timeout, reset, protocol, too_large,
    blocked_address, invalid_url, redirect, status_4xx, status_5xx, event_gone, secret_unreadable,
    webhook_disabled)

struct DeliveryError {
    Failure code = Failure::protocol;
    std::string reason;
    std::optional<int> status; ///< what the endpoint answered, where it did
};
BOOST_DESCRIBE_STRUCT(DeliveryError, (), (code, reason, status))

/// One event for one webhook.
struct Delivery {
    DeliveryId id;
    WebhookId webhook_id;
    EventId event_id;
    std::string event_type;
    std::int64_t offset = 0; ///< the event's
    std::optional<ConversationId> conversation_id;
    DeliveryState state = DeliveryState::pending;
    std::int64_t attempts = 0;
    bool parked = false; ///< failed so often that its conversation went on without it
    std::optional<Timestamp> next_attempt_at;
    std::optional<DeliveryError> error; ///< of the last attempt
    Timestamp created_at;
    std::optional<Timestamp> finished_at;
};
BOOST_DESCRIBE_STRUCT(Delivery, (),
    (id, webhook_id, event_id, event_type, offset, conversation_id, state, attempts, parked,
        next_attempt_at, error, created_at, finished_at))

enum class DeliveryOutcome { delivered, failed };
BOOST_DESCRIBE_ENUM(DeliveryOutcome, delivered, failed)

/// One HTTP request.
struct DeliveryAttempt {
    std::int64_t n = 0;
    Timestamp started_at;
    std::int64_t duration_ms = 0;
    DeliveryOutcome outcome = DeliveryOutcome::delivered;
    std::optional<int> status;
    std::optional<DeliveryError> error;
};
BOOST_DESCRIBE_STRUCT(DeliveryAttempt, (), (n, started_at, duration_ms, outcome, status, error))

/// The body of a delivery: the event, and when it happened as Standard Webhooks names it.
struct DeliveredEvent {
    std::string type;
    Timestamp timestamp;
    JsonText data;
    EventId id;
    std::string cursor;
    std::int64_t offset = 0;
    std::optional<ConversationId> conversation_id;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(
    DeliveredEvent, (), (type, timestamp, data, id, cursor, offset, conversation_id, created_at))

struct CreateWebhook {
    Text<1, 2048> url;
    std::optional<Text<1, 500>> description{};
    std::optional<WebhookFilter> filter{};
};
BOOST_DESCRIBE_STRUCT(CreateWebhook, (), (url, description, filter))

/// `filter` replaces what was there.
struct UpdateWebhook {
    std::optional<Text<1, 2048>> url{};
    Patch<Text<1, 500>> description{};
    Patch<WebhookFilter> filter{};
    std::optional<bool> enabled{};
};
BOOST_DESCRIBE_STRUCT(UpdateWebhook, (), (url, description, filter, enabled))

struct ListWebhooks {
    net::PageLimit limit{};
    std::optional<Text<1, 512>> cursor{};
};
BOOST_DESCRIBE_STRUCT(ListWebhooks, (), (limit, cursor))

/// `?overlap=`: how many seconds the old secret signs, too.
struct RotateSecret {
    Or<Int<0, 7 * 24 * 3600>, std::int64_t{24 * 3600}> overlap{};
};
BOOST_DESCRIBE_STRUCT(RotateSecret, (), (overlap))

/// Exactly one of the two: behind which event, or from which time on.
struct ReplayEvents {
    std::optional<Text<1, 512>> after{};
    std::optional<Timestamp> since{};
};
BOOST_DESCRIBE_STRUCT(ReplayEvents, (), (after, since))

/// The events that are delivered again, in the background: those of them that pass the filter.
struct Replay {
    WebhookId webhook_id;
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;
};
BOOST_DESCRIBE_STRUCT(Replay, (), (webhook_id, first_offset, last_offset))

struct ListDeliveries {
    std::optional<DeliveryState> state{};
    net::PageLimit limit{};
    std::optional<Text<1, 512>> cursor{};
};
BOOST_DESCRIBE_STRUCT(ListDeliveries, (), (state, limit, cursor))

/// Of the dead ones.
struct DeliveryFilter {
    std::optional<WebhookId> webhook_id{};
    std::optional<Failure> code{};
    std::optional<Timestamp> created_from{};
    std::optional<Timestamp> created_before{};
};
BOOST_DESCRIBE_STRUCT(DeliveryFilter, (), (webhook_id, code, created_from, created_before))

struct RetryDeliveries {
    DeliveryFilter filter;
};
BOOST_DESCRIBE_STRUCT(RetryDeliveries, (), (filter))

struct RetriedDeliveries {
    std::int64_t retried = 0;
    bool has_more = false; ///< ask again
};
BOOST_DESCRIBE_STRUCT(RetriedDeliveries, (), (retried, has_more))

/// What the use cases take; outlives them.
struct Deps {
    db::Database& database;
    Keyring const& keyring;
    net::AddressGuard const& guard;
    events::Catalogue const& catalogue;
    events::Audience const& audience;
    events::Log const& log;
};

Task<net::Page<Webhook>> list_webhooks(Deps& deps, Caller const& caller, ListWebhooks const& query);
Task<Webhook> get_webhook(Deps& deps, Caller const& caller, WebhookId const& id);
/// Who makes a webhook must be able to read what it gets: throws missing_scope.
Task<IssuedWebhook> create_webhook(Deps& deps, Caller const& caller, CreateWebhook const& command);
/// Once enabled again it gets what happens from then on; a replay brings what it missed.
Task<Webhook> update_webhook(
    Deps& deps, Caller const& caller, WebhookId const& id, UpdateWebhook const& command);
Task<void> delete_webhook(Deps& deps, Caller const& caller, WebhookId const& id);
Task<IssuedWebhook> rotate_secret(
    Deps& deps, Caller const& caller, WebhookId const& id, RotateSecret const& command);
/// Sends it an event of its own.
Task<Delivery> test_webhook(Deps& deps, Caller const& caller, WebhookId const& id);
Task<Replay> replay_events(
    Deps& deps, Caller const& caller, WebhookId const& id, ReplayEvents const& command);

Task<net::Page<Delivery>> list_deliveries(
    Deps& deps, Caller const& caller, WebhookId const& id, ListDeliveries const& query);
Task<Delivery> get_delivery(Deps& deps, Caller const& caller, DeliveryId const& id);
Task<net::Page<DeliveryAttempt>> list_attempts(
    Deps& deps, Caller const& caller, DeliveryId const& id);
/// Of a dead one: its attempts start anew.
Task<Delivery> retry_delivery(Deps& deps, Caller const& caller, DeliveryId const& id);
Task<RetriedDeliveries> retry_deliveries(
    Deps& deps, Caller const& caller, RetryDeliveries const& command);

/// The oldest event that a delivery or a webhook still needs; the largest number where none is.
std::int64_t first_needed_offset(db::Tx const& tx);
/// Removes at most `limit` deliveries with their attempts: those that ended before `before`, and
/// those of deleted webhooks. How many it removed.
std::int64_t delete_old_deliveries(db::Tx& tx, Timestamp before, std::int64_t limit);

void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(WebhookFilter const*);
FieldTexts field_texts(Webhook const*);
FieldTexts field_texts(IssuedWebhook const*);
FieldTexts field_texts(WebhookEvent const*);
FieldTexts field_texts(WebhookTombstone const*);
FieldTexts field_texts(WebhookDeletedEvent const*);
FieldTexts field_texts(DeliveryError const*);
FieldTexts field_texts(Delivery const*);
FieldTexts field_texts(DeliveryAttempt const*);
FieldTexts field_texts(DeliveredEvent const*);
FieldTexts field_texts(CreateWebhook const*);
FieldTexts field_texts(UpdateWebhook const*);
FieldTexts field_texts(RotateSecret const*);
FieldTexts field_texts(ReplayEvents const*);
FieldTexts field_texts(Replay const*);
FieldTexts field_texts(ListDeliveries const*);
FieldTexts field_texts(DeliveryFilter const*);
FieldTexts field_texts(RetryDeliveries const*);
FieldTexts field_texts(RetriedDeliveries const*);

}
