#include "jobs/scheduler.hpp"

#include "base/log.hpp"
#include "jobs/metrics.hpp"
#include "jobs/store.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace hermod::jobs {

static constexpr std::size_t claim_batch = 32;
static constexpr auto look_again = std::chrono::seconds{5};
/// A claim that failed is tried again after this, then after longer and longer.
static constexpr auto claim_again = std::chrono::seconds{2};

Scheduler::Scheduler(db::Database& db, Clock& clock, Tasks& tasks, asio::io_context& io,
    Metrics& metrics, Limits limits)
    : db_(db)
    , clock_(clock)
    , tasks_(tasks)
    , io_(io)
    , wakeup_(io, clock)
    , waiting_(metrics.gauge(metric::held.name, metric::held.help))
    , running_(metrics.gauge(metric::running.name, metric::running.help))
    , ended_(metrics.counter(metric::ended.name, metric::ended.help))
    , dead_(metrics.counter(metric::dead.name, metric::dead.help))
    , queue_(limits)
{
}

Scheduler::~Scheduler() = default;

void Scheduler::start()
{
    tasks_.spawn(io_, "jobs scheduler", [this] { return run(); });
}

void Scheduler::committed(std::span<db::Committed const> commits)
{
    bool any = false;
    {
        std::lock_guard const lock{mutex_};
        for (auto const& commit : commits) {
            if (commit.wakes & static_cast<std::uint8_t>(db::Wake::jobs))
                any |= changed_.insert(commit.workspace).second;
        }
    }
    if (any)
        wakeup_.wake();
}

void Scheduler::gain(std::vector<int> const& shards)
{
    {
        std::lock_guard const lock{mutex_};
        gained_.insert(gained_.end(), shards.begin(), shards.end());
    }
    wakeup_.wake();
}

void Scheduler::lose(std::vector<int> const& shards)
{
    {
        std::lock_guard const lock{mutex_};
        lost_.insert(lost_.end(), shards.begin(), shards.end());
        std::erase_if(
            gained_, [&](int shard) { return std::ranges::find(shards, shard) != shards.end(); });
    }
    wakeup_.wake();
}

void Scheduler::drain()
{
    std::lock_guard const lock{mutex_};
    draining_ = true;
}

void Scheduler::hold(bool held)
{
    {
        std::lock_guard const lock{mutex_};
        held_ = held;
    }
    wakeup_.wake();
}

bool Scheduler::wait_until_idle(milliseconds patience)
{
    std::unique_lock lock{mutex_};
    return idle_.wait_for(lock, patience, [this] { return in_hand_ == 0; });
}

int Scheduler::under_way(int shard) const
{
    return under_way_[static_cast<std::size_t>(shard)];
}

Task<void> Scheduler::run()
{
    for (;;) {
        auto const failed = !co_await look();
        dispatch();
        waiting_.set(static_cast<double>(queue_.held()));
        running_.set(queue_.running());
        // The database is away or busy: what is in memory goes on, the rest is read later.
        co_await wakeup_.wait_until(failed ? clock_.now() + std::chrono::seconds{1} : next_look());
    }
}

Task<bool> Scheduler::look()
{
    try {
        drop_lost();
        co_await load_gained();
        std::unordered_set<WorkspaceId> changed;
        {
            std::lock_guard const lock{mutex_};
            changed.swap(changed_);
        }
        for (auto const& workspace : changed) {
            if (!shards_.contains(db::shard_of(workspace)))
                continue;
            for (auto& cursor : cursors_[workspace])
                cursor.behind = true;
            behind_.insert(workspace);
        }
        if (clock_.now() >= next_refresh_)
            refresh_all();
        while (!alarms_.empty() && alarms_.begin()->first <= clock_.now())
            behind_.insert(alarms_.extract(alarms_.begin()).value().second);
        for (auto const& workspace : std::vector<WorkspaceId>(behind_.begin(), behind_.end()))
            co_await load(workspace);
        co_return true;
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted)
            throw;
        log::error("jobs could not be read", {{"error", e.what()}});
    } catch (std::exception const& e) {
        log::warn("jobs could not be read", {{"error", e.what()}});
    }
    co_return false;
}

Timestamp Scheduler::next_look() const
{
    auto next = std::min(clock_.now() + look_again, next_refresh_);
    if (!alarms_.empty())
        next = std::min(next, alarms_.begin()->first);
    return std::min(queue_.next_due().value_or(next), next);
}

void Scheduler::dispatch()
{
    drop_lost();
    queue_.promote(clock_.now());
    {
        std::lock_guard const lock{mutex_};
        if (draining_ || held_)
            return;
    }
    std::unordered_map<WorkspaceId, std::vector<Queue::Pick>> batches;
    auto const spawn = [&](WorkspaceId const& workspace, std::vector<Queue::Pick> picks) {
        tasks_.spawn(io_, "jobs batch",
            [this, workspace, picks = std::move(picks)] { return run_batch(workspace, picks); });
    };
    while (auto pick = queue_.next()) {
        ++under_way_[static_cast<std::size_t>(db::shard_of(pick->workspace))];
        {
            std::lock_guard const lock{mutex_};
            ++in_hand_;
        }
        auto& batch = batches[pick->workspace];
        batch.push_back(*std::move(pick));
        if (batch.size() == claim_batch)
            spawn(batch.front().workspace, std::exchange(batch, {}));
    }
    for (auto& [workspace, picks] : batches)
        if (!picks.empty())
            spawn(workspace, std::move(picks));
}

/// Claims one job if it is still as the queue thinks.
Scheduler::Claim Scheduler::claim(db::Tx& tx, Entry const& entry, bool was_refused)
{
    auto const row = find_job(tx, entry.id);
    if (!row || row->state == State::done || row->state == State::dead)
        return {};
    if (row->state != State::sending && row->run_at > tx.now())
        return {{}, Ended{row->state, row->run_at}};
    // A claim of ours whose answer was lost has been written after all: nothing was done under it.
    auto const ours =
        row->state == State::sending && was_refused && row->claims == entry.claims + 1;
    // Found `sending` else: the process that claimed it is gone. The same try goes on, as a
    // recovery.
    auto const counts = row->state == State::queued || row->state == State::retrying;
    update_claimed(tx, *row, counts);
    return {Claimed{tx.workspace(), row->id, row->kind, row->lane, row->order_key, row->payload,
                row->message_id, row->attempts + (counts ? 1 : 0), row->claims + 1, row->created_at,
                !counts && !ours},
        {}};
}

Task<std::vector<Scheduler::Claim>> Scheduler::claim_all(
    WorkspaceId workspace, std::vector<Queue::Pick> const& picks)
{
    std::vector<bool> refused;
    for (auto const& pick : picks)
        refused.push_back(refused_.contains(pick.entry.id));
    co_return co_await db_.write(workspace, [&](db::Tx& tx) {
        std::vector<Claim> result;
        for (std::size_t i = 0; i < picks.size(); ++i) {
            auto taken = claim(tx, picks[i].entry, refused[i]);
            auto const worker = taken.job ? workers_.find(taken.job->kind) : workers_.end();
            if (worker != workers_.end() && !taken.job->recovering)
                worker->second->claimed(tx, *taken.job);
            result.push_back(std::move(taken));
        }
        return result;
    });
}

Task<void> Scheduler::run_batch(WorkspaceId workspace, std::vector<Queue::Pick> picks)
{
    std::string failure;
    bool is_away = false;
    try {
        auto const claims = co_await claim_all(workspace, picks);
        for (std::size_t i = 0; i < picks.size(); ++i)
            begin(picks[i], claims[i]);
        co_return;
    } catch (Problem const& problem) {
        failure = problem.what();
        is_away = problem.code == Errc::storage_unavailable || problem.code == Errc::overloaded;
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted)
            throw; // the process is going down
        failure = e.what();
    } catch (std::exception const& e) {
        failure = e.what();
    }
    if (picks.size() == 1 || is_away) {
        put_off(picks, failure, is_away);
        co_return;
    }
    // One that cannot be claimed does not keep the others of its batch from it.
    for (auto const& pick : picks)
        tasks_.spawn(
            io_, "jobs batch", [this, workspace, pick] { return run_batch(workspace, {pick}); });
}

void Scheduler::put_off(
    std::vector<Queue::Pick> const& picks, std::string const& error, bool is_away)
{
    log::warn("jobs could not be claimed",
        {{"error", error}, {"workspace", picks.front().workspace.str()},
            {"job", picks.front().entry.id.str()}, {"jobs", picks.size()}});
    for (auto const& pick : picks) {
        auto& times = refused_[pick.entry.id];
        times = is_away ? std::max(times, 1) : times + 1;
        microseconds const wait = claim_again * (1 << std::min(times - 1, 5));
        finished(pick,
            Ended{State::retrying, clock_.now() + std::min<microseconds>(wait, Queue::horizon)});
    }
}

void Scheduler::begin(Queue::Pick pick, Claim const& claim)
{
    refused_.erase(pick.entry.id);
    if (!claim.job)
        return finished(pick, claim.later);
    pick.entry.claims = claim.job->claim;
    tasks_.spawn(io_, "job", [this, pick = std::move(pick), job = *claim.job]() -> Task<void> {
        auto const ended = co_await run_one(job);
        if (ended && ended->state == State::dead)
            note_dead(job);
        finished(pick, ended);
    });
}

Task<std::optional<Ended>> Scheduler::run_one(Claimed const& job)
{
    std::string failure;
    try {
        auto const worker = workers_.find(job.kind);
        if (worker == workers_.end())
            co_return co_await db_.write(job.workspace, [&](db::Tx& tx) {
                return bury(tx, job, {"unknown_kind", "no worker does this kind of job", false});
            });
        if (job.recovering)
            co_return co_await worker->second->recover(job);
        co_return co_await worker->second->run(job);
    } catch (ClaimLost const&) {
        co_return std::nullopt;
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted)
            throw; // the process is going down: the row stays `sending` and is recovered
        failure = e.what();
    } catch (std::exception const& e) {
        failure = e.what();
    }
    // What it did is not known, so it is looked at as after a crash. Its row says `sending`, so it
    // stays in memory.
    log::error("a job failed",
        {{"workspace", job.workspace.str()}, {"job", job.id.str()}, {"kind", job.kind},
            {"error", failure}});
    auto const wait = std::min<microseconds>(backoff(job.attempt), Queue::horizon);
    co_return Ended{State::outcome_unknown, clock_.now() + wait};
}

void Scheduler::note_dead(Claimed const& job)
{
    dead_.add();
    log::warn("a job was given up",
        {{"workspace", job.workspace.str()}, {"job", job.id.str()}, {"kind", job.kind},
            {"message", job.message ? job.message->str() : ""}, {"attempts", job.attempt}});
}

void Scheduler::finished(Queue::Pick const& pick, std::optional<Ended> const& ended)
{
    ended_.add();
    --under_way_[static_cast<std::size_t>(db::shard_of(pick.workspace))];
    if (auto const open = queue_.end(pick, ended, clock_.now()))
        if (auto const place = cursors_.find(pick.workspace); place != cursors_.end())
            leave(pick.workspace, place->second[static_cast<std::size_t>(open->lane)],
                {open->run_at, open->position});
    {
        std::lock_guard const lock{mutex_};
        if (--in_hand_ == 0)
            idle_.notify_all();
    }
    wakeup_.wake();
}

}
