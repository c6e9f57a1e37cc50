#include "messages/send_worker.hpp"

#include "base/errors.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"
#include "messages/metrics.hpp"
#include "messages/send_outcome.hpp"

#include <boost/system/system_error.hpp>

namespace hermod::messages {

using accounts::ErrorKind;

/// How often an unsettled send is looked at again.
static constexpr auto settle_every = std::chrono::seconds{30};

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
    log::error("a connector failed",
        {{"connector", plan.connector->name()}, {"account", plan.account.id.str()},
            {"message", plan.outgoing.message.str()}, {"error", failure}});
    co_return accounts::SendResult{
        {}, accounts::SendError{ErrorKind::outcome_unknown, "the connector failed", {}, {}}, {}};
}

Task<jobs::Ended> SendWorker::try_once(jobs::Claimed const& job, Plan const& plan)
{
    auto const started_at = clock_.now();
    auto const result = co_await send(plan);
    auto const error = result.sent ? std::nullopt : result.error;
    auto const& can = plan.connector->capabilities();
    auto const ended = co_await write_result(job, result, started_at);
    metrics_
        .counter(metric::sends.name, metric::sends.help,
            {{"connector", can.connector},
                {"outcome", error ? std::string{to_name(error->kind)} : "sent"}})
        .add();
    co_await circuit_.report(job.workspace, plan.account.id, error, plan.account.version);
    co_return ended;
}

Task<jobs::Ended> SendWorker::write_result(
    jobs::Claimed const& job, accounts::SendResult const& result, Timestamp started_at)
{
    // What left Hermod must be written: while the database is away this tries again and again.
    for (;;) {
        try {
            co_return co_await db_.write(job.workspace,
                [&](db::Tx& tx) { return write_outcome(tx, job, result, started_at); });
        } catch (Problem const& problem) {
            if (problem.code != Errc::storage_unavailable && problem.code != Errc::overloaded)
                throw;
            log::warn("an outcome waits to be written",
                {{"workspace", job.workspace.str()}, {"message", job.message->str()}});
        }
        co_await sleep_for(clock_, std::chrono::seconds{1});
    }
}

Task<jobs::Ended> SendWorker::fail(
    jobs::Claimed const& job, ErrorKind code, std::string const& reason)
{
    co_return co_await db_.write(job.workspace,
        [&](db::Tx& tx) { return write_failure(tx, job, {code, reason, std::nullopt, false}); });
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
        co_return co_await write_result(job, *settled, clock_.now());
    if (clock_.now() >= plan.unknown_since + plan.connector->unknown_outcome_timeout(plan.account))
        co_return co_await fail(
            job, ErrorKind::outcome_unknown, "it is not known whether the message was sent");
    co_return co_await db_.write(job.workspace,
        [&](db::Tx& tx) { return write_unsettled(tx, job, tx.now() + settle_every); });
}

}
