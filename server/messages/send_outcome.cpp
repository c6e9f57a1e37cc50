#include "messages/send_outcome.hpp"

#include "base/errors.hpp"
#include "messages/early_receipts.hpp"
#include "messages/send_worker.hpp"

namespace hermod::messages {

using accounts::ErrorKind;

/// How soon an outcome that the connector did not know is asked for.
static constexpr auto settle_first = std::chrono::seconds{5};
static constexpr auto pace_unless_told = std::chrono::seconds{10};
static constexpr auto shortest_pace = std::chrono::seconds{1};
/// A provider that asks for less for longer than this will not take the message.
static constexpr auto longest_pace = std::chrono::hours{24};
/// How soon it is tried again after the account was refused: its state decides.
static constexpr auto look_again = std::chrono::seconds{5};

/// A one-time password is worthless in an hour; a letter is not.
static std::int64_t most_attempts(jobs::Lane lane)
{
    return lane == jobs::Lane::otp ? 5 : 8;
}

MessageRow require_row(db::Tx const& tx, jobs::Claimed const& job)
{
    auto row = job.message ? find_message(tx, *job.message) : std::nullopt;
    if (!row)
        throw Problem{Errc::message_not_found};
    return *std::move(row);
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

void set_error(db::Tx& tx, MessageRow row, Status status, MessageError const& error)
{
    if (row.status == status && row.error == to_json(error))
        return;
    auto const previous = row.status;
    row.status = status;
    row.error = to_json(error);
    write_status(tx, std::move(row), previous);
}

/// A status goes forward only: what the network has told already is not taken back.
static Status status_when_sent(MessageRow const& row)
{
    return row.status == Status::delivered || row.status == Status::read ? *row.status
                                                                         : Status::sent;
}

static jobs::Ended finish_sent(db::Tx& tx, jobs::Claimed const& job, MessageRow row,
    accounts::SendResult const& result, Timestamp started_at)
{
    note_attempt(tx, row.id, started_at, Outcome::sent, std::nullopt);
    auto const previous = row.status;
    row.status = status_when_sent(row);
    row.error.reset();
    row.provider_id = result.sent->provider_id;
    auto const message = row.id;
    write_status(tx, std::move(row), previous);
    apply_early_receipts(tx, message);
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
        auto const over = tx.now() > job.created_at + longest_pace;
        auto const shown = to_error(error, !over);
        note_attempt(tx, row.id, started_at, over ? Outcome::failed : Outcome::pace, shown);
        if (over)
            return finish_failed(tx, job, std::move(row), shown);
        set_error(tx, row, Status::sending, shown);
        auto const wait =
            std::max<milliseconds>(error.retry_after.value_or(pace_unless_told), shortest_pace);
        return jobs::retry(tx, job, tx.now() + wait, to_job_error(shown), false);
    }
    case ErrorKind::outcome_unknown: {
        auto const shown = to_error(error, false);
        note_attempt(tx, row.id, started_at, Outcome::outcome_unknown, shown);
        set_error(tx, row, Status::sending, shown);
        return jobs::leave_unknown(tx, job, tx.now() + settle_first, to_job_error(shown));
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

jobs::Ended write_outcome(
    db::Tx& tx, jobs::Claimed const& job, accounts::SendResult const& result, Timestamp started_at)
{
    auto row = require_row(tx, job);
    if (result.sent)
        return finish_sent(tx, job, std::move(row), result, started_at);
    auto const error = result.error.value_or(
        accounts::SendError{ErrorKind::outcome_unknown, "the connector gave no outcome", {}, {}});
    return finish_error(tx, job, std::move(row), error, started_at);
}

jobs::Ended write_failure(db::Tx& tx, jobs::Claimed const& job, MessageError const& error)
{
    return finish_failed(tx, job, require_row(tx, job), error);
}

jobs::Ended write_unsettled(db::Tx& tx, jobs::Claimed const& job, Timestamp next)
{
    auto row = require_row(tx, job);
    MessageError const error{
        ErrorKind::outcome_unknown, "it is not yet known whether the message was sent", {}, false};
    if (!row.error)
        set_error(tx, row, Status::sending, error);
    return jobs::leave_unknown(tx, job, next, to_job_error(error));
}

}
