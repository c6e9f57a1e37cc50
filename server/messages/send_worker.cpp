#include "messages/send_worker.hpp"

#include "base/errors.hpp"
#include "base/log.hpp"

#include <boost/system/system_error.hpp>

namespace hermod::messages {

using accounts::ErrorKind;

/// A one-time password is worthless in an hour; a letter is not.
static std::int64_t most_attempts(jobs::Lane lane)
{
    return lane == jobs::Lane::otp ? 5 : 8;
}

/// How often an account that is not ready, or an unsettled send, is looked at again.
static constexpr auto look_again = std::chrono::seconds{5};
static constexpr auto settle_every = std::chrono::seconds{30};
static constexpr auto pace_unless_told = std::chrono::seconds{10};

SendWorker::SendWorker(db::Database& db, Clock& clock, accounts::Connectors const& connectors,
    Keyring const& keyring, accounts::Circuit& circuit, Metrics& metrics)
    : db_(db)
    , clock_(clock)
    , connectors_(connectors)
    , keyring_(keyring)
    , circuit_(circuit)
    , metrics_(metrics)
{
}

static MessageRow require_row(db::Tx const& tx, jobs::Claimed const& job)
{
    auto row = job.message ? find_message(tx, *job.message) : std::nullopt;
    if (!row)
        throw Problem{Errc::message_not_found};
    return *std::move(row);
}

void SendWorker::claimed(db::Tx& tx, jobs::Claimed const& job)
{
    auto row = job.message ? find_message(tx, *job.message) : std::nullopt;
    // A failed one's job is claimed again only where somebody retried it by hand.
    if (!row || (row->status != Status::queued && row->status != Status::failed))
        return;
    // Until its account can send, it is still queued.
    auto const account = accounts::find_account(tx, *row->account_id);
    auto const ready =
        account && accounts::readiness_of(connectors_, *account) == accounts::Readiness::ready;
    auto const previous = row->status;
    row->status = ready ? Status::sending : Status::queued;
    if (row->status == previous)
        return;
    row->error.reset(); // what it waited for, or failed of, is over
    write_status(tx, *std::move(row), previous);
}

/// Why a message of this account waits, as its error: the account's own reason goes with it.
static MessageError reason_to_wait(accounts::Account const& account)
{
    auto code = ErrorKind::account_blocked; // somebody stopped it
    if (account.state == accounts::State::action_needed)
        code = ErrorKind::auth;
    else if (account.state == accounts::State::connecting)
        code = ErrorKind::retryable;
    auto reason = "the account is " + std::string{to_name(account.state)};
    if (account.state_reason)
        reason += ": " + *account.state_reason;
    return {code, std::move(reason), std::nullopt, true};
}

static std::string first_address(MessageRow const& row)
{
    auto const to = to_message(row).to;
    return to && !to->empty() ? to->front().address.value_or("") : "";
}

static accounts::Outgoing outgoing_of(
    db::Tx const& tx, MessageRow const& row, jobs::Claimed const& job)
{
    auto const message = to_message(row);
    std::optional<std::string> reply_to;
    if (row.reply_to)
        if (auto const target = find_message(tx, *row.reply_to))
            reply_to = target->provider_id;
    return {
        .message = row.id,
        .conversation = row.conversation_id,
        .to = first_address(row),
        .to_name = message.to && !message.to->empty() ? message.to->front().name.value_or("") : "",
        .type = std::string{to_name(row.type)},
        .content = row.content,
        .subject = row.subject,
        .references = list_references(tx, row.conversation_id, row.seq, 20),
        .reply_to_provider_id = std::move(reply_to),
        .attempt = static_cast<int>(job.attempt),
    };
}

static std::string held_back(accounts::Account const& account)
{
    if (account.state != accounts::State::degraded)
        return "the account waits, as its provider asked for less";
    return "the account is degraded: "
        + account.state_reason.value_or("its provider is in trouble");
}

Task<SendWorker::Plan> SendWorker::plan(jobs::Claimed const& job)
{
    struct Facts {
        bool over = false; ///< deleted, or sent already
        bool queued = false; ///< its account could not send when the job was claimed
        std::optional<accounts::Account> account;
        Plan plan;
    };
    auto facts = co_await db_.read(job.workspace, [&](db::Tx const& tx) {
        Facts found;
        auto const row = require_row(tx, job);
        found.queued = row.status == Status::queued;
        found.over = row.deleted_at || !(found.queued || row.status == Status::sending);
        found.account = accounts::find_account(tx, *row.account_id);
        if (found.over || !found.account)
            return found;
        found.plan.connector = connectors_.find(found.account->connector);
        found.plan.account = accounts::open(tx, found.account->id, keyring_);
        found.plan.outgoing = outgoing_of(tx, row, job);
        found.plan.reported_unknown = row.error
            && read_stored_json<MessageError>(*row.error).code == ErrorKind::outcome_unknown;
        found.plan.unknown_since =
            std::max(job.created_at, last_attempt_at(tx, row.id).value_or(job.created_at));
        return found;
    });
    auto plan = std::move(facts.plan);
    if (facts.over) {
        plan.ended =
            co_await db_.write(job.workspace, [&](db::Tx& tx) { return jobs::complete(tx, job); });
    } else if (!facts.account || !plan.connector) {
        plan.ended = co_await fail(job, ErrorKind::account_blocked, "the account was removed");
    } else if (auto const ready = accounts::readiness_of(connectors_, *facts.account);
        ready == accounts::Readiness::never) {
        plan.ended = co_await fail(job, ErrorKind::account_blocked,
            "the account is " + std::string{to_name(facts.account->state)});
    } else if (ready == accounts::Readiness::later) {
        plan.ended = co_await hold(job, clock_.now() + look_again, reason_to_wait(*facts.account));
    } else if (facts.queued) { // ready since: claimed anew it is sending
        plan.ended = co_await hold(job, clock_.now(),
            {ErrorKind::retryable, "the account has just become ready", std::nullopt, true});
    } else if (auto const until = circuit_.blocked_until(facts.account->id)) {
        auto const degraded = facts.account->state == accounts::State::degraded;
        plan.ended = co_await hold(job, *until,
            {degraded ? ErrorKind::retryable : ErrorKind::pace, held_back(*facts.account),
                std::nullopt, true});
    }
    co_return plan;
}

Task<jobs::Ended> SendWorker::run(jobs::Claimed const& job)
{
    auto const plan = co_await this->plan(job);
    if (plan.ended)
        co_return *plan.ended;
    co_return co_await try_once(job, plan);
}

Task<accounts::SendResult> SendWorker::send(Plan const& plan)
{
    std::string failure;
    try {
        co_return co_await plan.connector->send(plan.account, plan.outgoing);
    } catch (boost::system::system_error const& e) {
        if (e.code() == boost::asio::error::operation_aborted)
            throw; // the process is going down: the job is recovered by the next one
        failure = e.what();
    } catch (std::exception const& e) {
        failure = e.what();
    }
    log::error("a connector failed", {{"connector", plan.connector->name()}, {"error", failure}});
    co_return accounts::SendResult{
        {}, accounts::SendError{ErrorKind::outcome_unknown, "the connector failed", {}, {}}, {}};
}

Task<jobs::Ended> SendWorker::try_once(jobs::Claimed const& job, Plan const& plan)
{
    auto const started_at = clock_.now();
    auto const result = co_await send(plan);
    auto const error = result.sent ? std::nullopt : result.error;
    auto const& can = plan.connector->capabilities();
    auto const ended = co_await write_result(job, result, can, started_at);
    metrics_
        .counter("hermod_messages_sends_total", "Tries of outgoing messages",
            {{"connector", can.connector},
                {"outcome", error ? std::string{to_name(error->kind)} : "sent"}})
        .add();
    co_await circuit_.report(job.workspace, plan.account.id, error, plan.account.version);
    co_return ended;
}

static MessageError to_error(accounts::SendError const& error, bool retryable)
{
    return {error.kind, error.reason, error.provider_code, retryable};
}

static jobs::JobError to_job_error(MessageError const& error)
{
    return {std::string{to_name(error.code)}, error.reason, error.retryable};
}

static void note_attempt(db::Tx& tx, MessageId const& message, Timestamp started_at,
    Outcome outcome, std::optional<MessageError> const& error)
{
    auto const took = std::chrono::duration_cast<milliseconds>(tx.now() - started_at).count();
    insert_attempt(tx, message,
        {next_attempt(tx, message), started_at, std::max<std::int64_t>(took, 0), outcome,
            error ? std::optional{to_json(*error)} : std::nullopt});
}

/// The message with its last error, its status as `status` says.
static void set_error(db::Tx& tx, MessageRow row, Status status, MessageError const& error)
{
    auto const previous = row.status;
    row.status = status;
    row.error = to_json(error);
    write_status(tx, std::move(row), previous);
}

static jobs::Ended finish_sent(db::Tx& tx, jobs::Claimed const& job, MessageRow row,
    accounts::SendResult const& result, Timestamp started_at)
{
    note_attempt(tx, row.id, started_at, Outcome::sent, std::nullopt);
    auto const previous = row.status;
    row.status = Status::sent;
    row.error.reset();
    row.provider_id = result.sent->provider_id;
    auto const message = row.id;
    write_status(tx, std::move(row), previous);
    for (auto const& later : result.later)
        jobs::add(tx,
            {
                .kind = std::string{receipt_job},
                .lane = jobs::Lane::conversation,
                .order_key = "receipts:" + message.str(),
                .run_at = tx.now() + later.after,
                .payload = to_json(ReceiptPayload{later.status}),
                .message = message,
            });
    return jobs::complete(tx, job);
}

static jobs::Ended finish_failed(
    db::Tx& tx, jobs::Claimed const& job, MessageRow row, MessageError const& error)
{
    set_error(tx, std::move(row), Status::failed, error);
    return jobs::bury(tx, job, to_job_error(error));
}

/// What one kind of error means for the job; the row is the message's.
static jobs::Ended finish_error(db::Tx& tx, jobs::Claimed const& job, MessageRow row,
    accounts::SendError const& error, Timestamp started_at)
{
    auto const retries =
        error.kind == ErrorKind::retryable && job.attempt < most_attempts(job.lane);
    switch (error.kind) {
    case ErrorKind::retryable: {
        auto const shown = to_error(error, retries);
        note_attempt(tx, row.id, started_at, retries ? Outcome::retryable : Outcome::failed, shown);
        if (!retries)
            return finish_failed(tx, job, std::move(row), shown);
        set_error(tx, row, Status::sending, shown);
        auto const wait = std::max<microseconds>(
            jobs::backoff(job.attempt), error.retry_after.value_or(milliseconds{0}));
        return jobs::retry(tx, job, tx.now() + wait, to_job_error(shown));
    }
    case ErrorKind::pace: {
        auto const shown = to_error(error, true);
        note_attempt(tx, row.id, started_at, Outcome::pace, shown);
        set_error(tx, row, Status::sending, shown);
        auto const wait = error.retry_after.value_or(pace_unless_told);
        return jobs::retry(tx, job, tx.now() + wait, to_job_error(shown), false);
    }
    case ErrorKind::outcome_unknown: {
        auto const shown = to_error(error, false);
        note_attempt(tx, row.id, started_at, Outcome::outcome_unknown, shown);
        set_error(tx, row, Status::sending, shown);
        return jobs::leave_unknown(tx, job, tx.now() + look_again, to_job_error(shown));
    }
    case ErrorKind::auth: {
        // Nothing is wrong with the message: it waits for new credentials as those after it do.
        auto const shown = to_error(error, true);
        note_attempt(tx, row.id, started_at, Outcome::retryable, shown);
        set_error(tx, row, Status::sending, shown);
        return jobs::retry(tx, job, tx.now() + look_again, to_job_error(shown), false);
    }
    case ErrorKind::recipient:
    case ErrorKind::content:
    case ErrorKind::account_blocked:
        break;
    }
    auto const shown = to_error(error, false);
    note_attempt(tx, row.id, started_at, Outcome::failed, shown);
    return finish_failed(tx, job, std::move(row), shown);
}

Task<jobs::Ended> SendWorker::write_result(jobs::Claimed const& job,
    accounts::SendResult const& result, accounts::Capabilities const&, Timestamp started_at)
{
    // What left Hermod must be written: while the database is away this tries again and again.
    for (;;) {
        try {
            co_return co_await db_.write(job.workspace, [&](db::Tx& tx) {
                auto row = require_row(tx, job);
                if (result.sent)
                    return finish_sent(tx, job, std::move(row), result, started_at);
                auto const error = result.error.value_or(accounts::SendError{
                    ErrorKind::outcome_unknown, "the connector gave no outcome", {}, {}});
                return finish_error(tx, job, std::move(row), error, started_at);
            });
        } catch (Problem const& problem) {
            if (problem.code != Errc::storage_unavailable && problem.code != Errc::overloaded)
                throw;
            log::warn("an outcome waits to be written", {{"message", job.message->str()}});
        }
        co_await sleep_until(clock_, clock_.now() + std::chrono::seconds{1});
    }
}

/// A message that waits says why. What a try found out says more, and stays.
static void show_wait(db::Tx& tx, jobs::Claimed const& job, MessageError const& why)
{
    auto row = require_row(tx, job);
    auto const waits = row.status == Status::queued || row.status == Status::sending;
    if (!waits || row.deleted_at || job.recovering || row.error == to_json(why))
        return;
    if (row.error && last_attempt_at(tx, row.id) && why.code != ErrorKind::auth)
        return;
    auto const status = *row.status;
    set_error(tx, std::move(row), status, why);
}

Task<jobs::Ended> SendWorker::hold(jobs::Claimed const& job, Timestamp until, MessageError why)
{
    jobs::JobError const error{"account_not_ready", why.reason, true};
    co_return co_await db_.write(job.workspace, [&](db::Tx& tx) {
        if (until > tx.now())
            show_wait(tx, job, why);
        // What may have been sent already stays in question until the account can be asked.
        return job.recovering ? jobs::leave_unknown(tx, job, until, error)
                              : jobs::retry(tx, job, until, error, false);
    });
}

Task<jobs::Ended> SendWorker::fail(
    jobs::Claimed const& job, ErrorKind code, std::string const& reason)
{
    co_return co_await db_.write(job.workspace, [&](db::Tx& tx) {
        return finish_failed(tx, job, require_row(tx, job), {code, reason, std::nullopt, false});
    });
}

Task<jobs::Ended> SendWorker::recover(jobs::Claimed const& job)
{
    auto const plan = co_await this->plan(job);
    if (plan.ended)
        co_return *plan.ended;
    auto const& can = plan.connector->capabilities();
    // One provider id for all tries: the network drops the double, so a try that a crash cut short
    // is repeated. What the connector itself could not tell is settled, never repeated.
    if (can.stable_provider_id && !plan.reported_unknown)
        co_return co_await try_once(job, plan);
    auto const settled = co_await plan.connector->settle(plan.account, plan.outgoing);
    if (settled)
        co_return co_await write_result(job, *settled, can, clock_.now());
    if (clock_.now() >= plan.unknown_since + plan.connector->unknown_outcome_timeout(plan.account))
        co_return co_await fail(
            job, ErrorKind::outcome_unknown, "it is not known whether the message was sent");
    co_return co_await db_.write(job.workspace, [&](db::Tx& tx) {
        auto row = require_row(tx, job);
        MessageError const error{ErrorKind::outcome_unknown,
            "it is not yet known whether the message was sent", {}, false};
        if (!row.error)
            set_error(tx, row, Status::sending, error);
        return jobs::leave_unknown(tx, job, tx.now() + settle_every, to_job_error(error));
    });
}

}
