// Out, and what came of it.
#include "base/errors.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"

#include "webhooks/engine.hpp"
#include "webhooks/metrics.hpp"
#include "webhooks/schedule.hpp"
#include "webhooks/signing.hpp"
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace hermod::webhooks {

static constexpr milliseconds timeout{15'000};
/// More than this of an answer is not read. A connection whose answer was cut is not used again.
static constexpr std::size_t most_answer_bytes = 16 * 1024;
/// Attempts that one transaction writes.
static constexpr std::size_t write_batch_size = 100;
static constexpr microseconds longest_pace = std::chrono::hours{1};
static constexpr microseconds note_health_every = std::chrono::minutes{1};

void Engine::dispatch()
{
    {
        std::lock_guard const lock{mutex_};
        if (draining_ || held_)
            return;
    }
    std::map<TenantPtr, std::vector<Pick>> unread;
    while (auto pick = rotation_.next(deps_.clock.now())) {
        take_in_hand(*pick->tenant);
        if (pick->entry.line)
            send(*std::move(pick));
        else
            unread[pick->tenant].push_back(*std::move(pick));
    }
    for (auto& [tenant, picks] : unread)
        deps_.tasks.spawn(io_, "webhooks events",
            [this, of = tenant, all = std::move(picks)] { return load_and_send(of, all); });
}

static std::vector<std::shared_ptr<events::Line const>> read_lines(
    db::Tx const& tx, std::vector<Rotation::Pick> const& picks)
{
    std::vector<std::shared_ptr<events::Line const>> lines;
    for (auto const& pick : picks) {
        auto const offset = pick.entry.row.log_offset;
        auto found = events::list_after(tx, offset - 1, 1);
        auto const is_there = !found.empty() && found.front().log_offset == offset;
        lines.push_back(
            is_there ? std::make_shared<events::Line const>(std::move(found.front())) : nullptr);
    }
    return lines;
}

Task<void> Engine::load_and_send(TenantPtr tenant, std::vector<Pick> picks)
{
    std::string failure;
    try {
        auto const lines = co_await deps_.database.read(
            tenant->id, [&](db::Tx const& tx) { return read_lines(tx, picks); });
        for (std::size_t i = 0; i < picks.size(); ++i) {
            picks[i].entry.line = lines[i];
            send(std::move(picks[i]));
        }
        co_return;
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted)
            throw;
        failure = e.what();
    } catch (std::exception const& e) {
        failure = e.what();
    }
    log::warn("events to deliver could not be read", {{"error", failure}});
    put_back(picks);
}

void Engine::put_back(std::vector<Pick> const& picks)
{
    auto const now = deps_.clock.now();
    for (auto const& pick : picks) {
        auto again = pick.entry;
        again.row.next_at = now + std::chrono::seconds{2};
        pick.endpoint->queue.end(pick.entry, std::move(again), now);
        rotation_.given_up(pick, now);
        let_go(*pick.tenant);
        touch(pick.tenant);
    }
}

void Engine::send(Pick pick)
{
    deps_.tasks.spawn(
        io_, "webhook delivery", [this, pick = std::move(pick)] { return send_one(pick); });
}

/// The secrets that sign now, the newest first.
static std::vector<std::string> active_secrets(Target const& target, Timestamp now)
{
    std::vector<std::string> secrets{*target.secret};
    if (target.old_secret && target.old_secret_ends_at && *target.old_secret_ends_at > now)
        secrets.push_back(*target.old_secret);
    return secrets;
}

Task<net::HttpOutcome> Engine::post(Target const& target, Entry const& entry)
{
    auto const now = deps_.clock.now();
    auto const& line = *entry.line;
    auto body = body_of(line, deps_.log.cursor(line.log_offset));
    net::HttpRequest request{.method = "POST",
        .url = target.url,
        .headers = delivery_headers(entry.row.id, line, active_secrets(target, now), now, body),
        .body = {}};
    request.body = std::move(body);
    request.connect_timeout = timeout;
    request.total_timeout = timeout;
    request.max_response_bytes = most_answer_bytes;
    request.cut_response = true;
    request.repeatable = true; // who gets it twice knows it by its webhook-id
    try {
        co_return co_await deps_.post(std::move(request));
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted)
            throw; // the process is going down: the delivery is open, and sent again
        log::error("a delivery failed", {{"delivery", entry.row.id.str()}, {"error", e.what()}});
    } catch (std::exception const& e) {
        log::error("a delivery failed", {{"delivery", entry.row.id.str()}, {"error", e.what()}});
    }
    co_return std::unexpected(
        net::HttpError{net::HttpFailure::protocol, true, "the request could not be made"});
}

static Outcome failed(Failure failure, std::string reason)
{
    return {.error = DeliveryError{failure, std::move(reason), std::nullopt},
        .status = {},
        .retry_after = {}};
}

Task<void> Engine::send_one(Pick pick)
{
    auto const target = pick.endpoint->target;
    auto const started_at = deps_.clock.now();
    auto const started = deps_.clock.steady();
    Outcome outcome;
    if (!pick.entry.line) {
        outcome = failed(Failure::event_gone, "the log does not hold the event any more");
    } else if (!target->secret) {
        outcome = failed(
            Failure::secret_unreadable, "the secret cannot be opened with the server's keys");
    } else {
        if (pick.entry.row.tries == 0)
            lag_metric_.observe(
                static_cast<double>((started_at - pick.entry.line->created_at).count()) / 1e6);
        outcome = outcome_of(co_await post(*target, pick.entry), deps_.clock.now());
    }
    auto const took = std::chrono::duration_cast<milliseconds>(deps_.clock.steady() - started);
    note(pick, outcome, started_at, took);
}

/// What becomes of the delivery.
static void decide(Written& written, Outcome const& outcome, Timestamp now)
{
    auto& end = written.end;
    auto const pause = pause_after(end.attempts);
    if (!outcome.error) {
        end.state = DeliveryState::delivered;
        return;
    }
    if (outcome.gone || !pause || outcome.error->code == Failure::event_gone) {
        end.state = DeliveryState::dead;
        return;
    }
    end.state = DeliveryState::retrying;
    end.parked = end.parked || end.attempts >= attempts_before_parking;
    end.next_at =
        now + std::max<microseconds>(*pause, outcome.retry_after.value_or(milliseconds{0}));
    Entry again = written.entry;
    again.line.reset(); // what it says by then is read then
    again.row.attempts = end.attempts;
    again.row.tries = end.n;
    again.row.parked = end.parked;
    again.row.next_at = end.next_at;
    written.again = std::move(again);
}

static void note_health(Endpoint& endpoint, bool success, Timestamp now)
{
    auto& health = endpoint.health;
    auto& last = success ? health.last_success_at : health.last_failure_at;
    auto const turned = success == health.failing_since.has_value();
    endpoint.health_changed |= turned || !last || *last + note_health_every <= now;
    last = now;
    if (success)
        health.failing_since.reset();
    else if (!health.failing_since)
        health.failing_since = now;
}

static std::optional<DisabledReason> reason_to_disable(
    Endpoint const& endpoint, Outcome const& outcome, Timestamp now)
{
    if (outcome.gone)
        return DisabledReason::gone;
    auto const& since = endpoint.health.failing_since;
    if (outcome.error && since && *since + failing_before_disabled <= now)
        return DisabledReason::failing;
    return std::nullopt;
}

void Engine::note(Pick const& pick, Outcome const& outcome, Timestamp started_at, milliseconds took)
{
    auto& endpoint = *pick.endpoint;
    auto const now = deps_.clock.now();
    auto const success = !outcome.error.has_value();
    auto const& row = pick.entry.row;
    Written written{pick.endpoint, pick.entry,
        {.webhook_id = endpoint.id,
            .log_offset = row.log_offset,
            .id = row.id,
            .n = row.tries + 1,
            .started_at = started_at,
            .duration_ms = took.count(),
            .error = outcome.error,
            .status = outcome.status,
            .attempts = row.attempts + 1,
            .parked = row.parked,
            .next_at = now},
        {}, {}};
    decide(written, outcome, now);
    note_health(endpoint, success, now);
    written.disable = reason_to_disable(endpoint, outcome, now);
    if (written.disable)
        endpoint.enabled = false; // nothing more goes out, before that is written
    if (outcome.retry_after && (outcome.status == 429 || outcome.status == 503))
        endpoint.paced_until = now + std::min<microseconds>(*outcome.retry_after, longest_pace);
    rotation_.ended(pick, success, took, now);
    deps_.metrics
        .counter(metric::attempts.name, metric::attempts.help,
            {{"outcome", success ? "delivered" : std::string{to_name(outcome.error->code)}}})
        .add();
    pick.tenant->written.push_back(std::move(written));
    start_writing(pick.tenant);
    touch(pick.tenant);
}

void Engine::start_writing(TenantPtr const& tenant)
{
    if (std::exchange(tenant->writing, true))
        return;
    deps_.tasks.spawn(io_, "webhooks outcomes", [this, tenant] { return write_all(tenant); });
}

/// Each transaction takes what has come while the one before was written.
Task<void> Engine::write_all(TenantPtr tenant)
{
    while (!tenant->written.empty()) {
        auto const count = std::min(tenant->written.size(), write_batch_size);
        auto const last = tenant->written.begin() + static_cast<std::ptrdiff_t>(count);
        std::vector<Written> some{
            std::make_move_iterator(tenant->written.begin()), std::make_move_iterator(last)};
        tenant->written.erase(tenant->written.begin(), last);
        co_await write_some(tenant, some);
        written(tenant, some);
    }
    tenant->writing = false;
}

/// Disables a webhook in the transaction that writes why. A webhook that was enabled anew meanwhile
/// has a new start.
static void disable(db::Tx& tx, WebhookId const& id, DisabledReason reason)
{
    auto row = find_webhook(tx, id);
    if (!row || row->state == WebhookState::disabled)
        return;
    if (reason == DisabledReason::failing
        && (!row->failing_since || *row->failing_since + failing_before_disabled > tx.now()))
        return;
    row->state = WebhookState::disabled;
    row->disabled_reason = reason;
    row->disabled_at = tx.now();
    row->updated_at = tx.now();
    row->held_until.reset();
    update_webhook(tx, *row);
    stop_progress(tx, id);
    events::append(tx, webhook_disabled, {to_view(*row, tx.now())});
    tx.wake(db::Wake::webhooks);
}

Task<void> Engine::write_some(TenantPtr tenant, std::vector<Written> const& some)
{
    std::map<WebhookId, Health> health;
    for (auto const& one : some)
        if (std::exchange(one.endpoint->health_changed, false))
            health.emplace(one.endpoint->id, one.endpoint->health);
    // What left Hermod must be written: while the database is away this tries again and again.
    for (;;) {
        std::string failure;
        try {
            co_await deps_.database.write(tenant->id, [&](db::Tx& tx) {
                for (auto const& one : some)
                    write_attempt(tx, one.end);
                for (auto const& [id, now] : health)
                    update_health(tx, id, now);
                for (auto const& one : some)
                    if (one.disable)
                        disable(tx, one.endpoint->id, *one.disable);
            });
            co_return;
        } catch (boost::system::system_error const& e) {
            if (e.code() == asio::error::operation_aborted)
                throw;
            failure = e.what();
        } catch (std::exception const& e) {
            failure = e.what();
        }
        log::warn("outcomes of deliveries wait to be written",
            {{"workspace", tenant->id.str()}, {"error", failure}});
        co_await sleep_for(deps_.clock, std::chrono::seconds{1});
    }
}

/// Only now the next of their conversations may go.
void Engine::written(TenantPtr const& tenant, std::vector<Written> const& some)
{
    auto const now = deps_.clock.now();
    for (auto const& one : some) {
        one.endpoint->queue.end(one.entry, one.endpoint->enabled ? one.again : std::nullopt, now);
        tenant->config_changed |= one.disable.has_value();
        let_go(*tenant);
    }
    touch(tenant);
}

}
