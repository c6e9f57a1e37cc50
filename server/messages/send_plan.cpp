// What one try of a message needs, read when its job runs; and why there is none to make.
#include "base/errors.hpp"
#include "messages/send_outcome.hpp"
#include "messages/send_worker.hpp"

namespace hermod::messages {

using accounts::ErrorKind;

/// How often an account that is not ready is looked at again.
static constexpr auto look_again = std::chrono::seconds{5};

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

static MessageError held_back(accounts::Account const& account)
{
    if (account.state != accounts::State::degraded)
        return {ErrorKind::pace, "the account waits, as its provider asked for less", std::nullopt,
            true};
    auto const why = account.state_reason.value_or("its provider is in trouble");
    return {ErrorKind::retryable, "the account is degraded: " + why, std::nullopt, true};
}

static std::string first_address(MessageRow const& row)
{
    auto const to = to_message(row).to;
    return to && !to->empty() ? to->front().address.value_or("") : "";
}

static accounts::Urgency to_urgency(jobs::Lane lane)
{
    switch (lane) {
    case jobs::Lane::otp:
        return accounts::Urgency::otp;
    case jobs::Lane::conversation:
        return accounts::Urgency::conversation;
    case jobs::Lane::campaign:
        return accounts::Urgency::campaign;
    }
    return accounts::Urgency::campaign;
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
        .earlier_subject =
            row.subject ? std::nullopt : find_subject_before(tx, row.conversation_id, row.seq),
        .references = list_references(tx, row.conversation_id, row.seq, 20),
        .reply_to_provider_id = std::move(reply_to),
        .attempt = static_cast<int>(job.attempt),
        .urgency = to_urgency(job.lane),
    };
}

Task<SendWorker::Plan> SendWorker::plan(jobs::Claimed const& job)
{
    struct Facts {
        bool over = false; ///< sent already, or deleted, or with its conversation
        bool nobody = false; ///< whom it goes to was deleted
        bool queued = false; ///< its account could not send when the job was claimed
        std::optional<accounts::Account> account;
        Plan plan;
    };
    auto facts = co_await db_.read(job.workspace, [&](db::Tx const& tx) {
        Facts found;
        auto const row = require_row(tx, job);
        found.queued = row.status == Status::queued;
        found.over = row.deleted_at || !(found.queued || row.status == Status::sending)
            || !conversations::find_standing(tx, row.conversation_id, row.author_id);
        auto const to = to_message(row).to;
        found.nobody = to && !to->empty() && !people::find_person(tx, to->front().person_id);
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
    } else if (facts.nobody) {
        plan.ended = co_await fail(job, ErrorKind::recipient, "the recipient was deleted");
    } else if (!facts.account || !plan.connector) {
        plan.ended = co_await fail(job, ErrorKind::account_blocked, "the account was removed");
    } else if (auto const ready = accounts::readiness_of(connectors_, *facts.account);
        ready == accounts::Readiness::never) {
        plan.ended = co_await fail(job, ErrorKind::account_blocked,
            "the account is " + std::string{to_name(facts.account->state)});
    } else if (ready == accounts::Readiness::later) {
        plan.ended = co_await hold(
            job, facts.queued, clock_.now() + look_again, reason_to_wait(*facts.account));
    } else if (facts.queued) { // ready since: claimed anew it is sending
        plan.ended = co_await hold(job, facts.queued, clock_.now(),
            {ErrorKind::retryable, "the account has just become ready", std::nullopt, true});
    } else if (auto const until = circuit_.blocked_until(facts.account->id)) {
        plan.ended = co_await hold(job, facts.queued, *until, held_back(*facts.account));
    }
    co_return plan;
}

/// A message that waits says why. What a try found out says more, and stays.
static void show_wait(db::Tx& tx, jobs::Claimed const& job, MessageError const& why)
{
    auto row = require_row(tx, job);
    auto const waits = row.status == Status::queued || row.status == Status::sending;
    if (!waits || row.deleted_at || job.recovering)
        return;
    if (row.error && last_attempt_at(tx, row.id) && why.code != ErrorKind::auth)
        return;
    auto const status = *row.status;
    set_error(tx, std::move(row), status, why);
}

Task<jobs::Ended> SendWorker::hold(
    jobs::Claimed const& job, bool queued, Timestamp until, MessageError why)
{
    jobs::JobError const error{"account_not_ready", why.reason, true};
    co_return co_await db_.write(job.workspace, [&](db::Tx& tx) {
        if (until > tx.now())
            show_wait(tx, job, why);
        // What may have been sent already stays in question until the account can be asked. A
        // message that is still queued was never handed out, whatever became of its claim.
        return job.recovering && !queued ? jobs::leave_unknown(tx, job, until, error)
                                         : jobs::retry(tx, job, until, error, false);
    });
}

}
