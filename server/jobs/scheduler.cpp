#include "jobs/scheduler.hpp"

#include "base/log.hpp"
#include "jobs/store.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace hermod::jobs {

/// Jobs due later than this stay in the database until a scan comes near them.
static constexpr auto horizon = std::chrono::minutes{60};
static constexpr auto due_scan_every = std::chrono::minutes{30};
/// Of one workspace and lane, what memory holds; the rest waits in the database.
static constexpr std::size_t most_held = 1000;
static constexpr std::int64_t page = 200;
static constexpr std::size_t claim_batch = 32;
/// Wake-ups of another node may be lost.
static constexpr auto look_again = std::chrono::seconds{5};

Scheduler::Scheduler(db::Database& db, Clock& clock, Tasks& tasks, asio::io_context& io,
    Metrics& metrics, Limits limits)
    : db_(db)
    , clock_(clock)
    , tasks_(tasks)
    , io_(io)
    , wakeup_(io, clock)
    , waiting_(metrics.gauge("hermod_jobs_held", "Open jobs in the scheduler's memory"))
    , running_(metrics.gauge("hermod_jobs_running", "Jobs under way"))
    , ended_(metrics.counter("hermod_jobs_ended_total", "Claims that ended, in any state"))
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
    }
    wakeup_.wake();
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
        co_await load_shards();
        std::unordered_set<WorkspaceId> changed;
        {
            std::lock_guard const lock{mutex_};
            changed.swap(changed_);
        }
        for (auto const& workspace : changed) {
            if (!shards_.contains(db::shard_of(workspace)))
                continue;
            cursors_[workspace].behind = {true, true, true};
            behind_.insert(workspace);
        }
        for (auto const& workspace : std::vector<WorkspaceId>(behind_.begin(), behind_.end()))
            co_await load(workspace);
        if (clock_.now() >= next_due_scan_)
            co_await load_due();
        co_return true;
    } catch (Problem const& problem) {
        log::warn("jobs could not be read", {{"error", problem.what()}});
        co_return false;
    }
}

Timestamp Scheduler::next_look() const
{
    auto const latest = std::min(clock_.now() + look_again, next_due_scan_);
    return std::min(queue_.next_due().value_or(latest), latest);
}

Task<void> Scheduler::load_shards()
{
    std::set<int> gained;
    {
        std::lock_guard const lock{mutex_};
        for (auto const shard : lost_)
            shards_.erase(shard);
        if (!std::exchange(lost_, {}).empty())
            drop_lost();
        gained = {gained_.begin(), gained_.end()};
    }
    if (gained.empty())
        co_return;
    auto const workspaces = co_await db_.system().read([&](db::GlobalTx const& tx) {
        return tx.all<WorkspaceId>("SELECT workspace_id FROM workspace_directory");
    });
    {
        std::lock_guard const lock{mutex_};
        std::erase_if(gained_, [&](int shard) { return gained.contains(shard); });
    }
    shards_.insert(gained.begin(), gained.end());
    for (auto const& workspace : workspaces) {
        if (!gained.contains(db::shard_of(workspace)))
            continue;
        cursors_[workspace];
        behind_.insert(workspace);
    }
}

void Scheduler::drop_lost()
{
    std::erase_if(cursors_, [&](auto const& entry) {
        if (shards_.contains(db::shard_of(entry.first)))
            return false;
        queue_.drop(entry.first);
        behind_.erase(entry.first);
        return true;
    });
}

Task<void> Scheduler::load(WorkspaceId workspace)
{
    auto cursor = cursors_[workspace];
    for (bool more = true; more;) {
        std::array<bool, 3> wanted{};
        for (std::size_t lane = 0; lane < 3; ++lane)
            wanted[lane] =
                cursor.behind[lane] && queue_.held(workspace, static_cast<Lane>(lane)) < most_held;
        if (std::ranges::find(wanted, true) == wanted.end())
            break;
        auto const found = co_await db_.read(workspace, [&](db::Tx const& tx) {
            std::array<std::vector<Entry>, 3> lanes;
            for (std::size_t lane = 0; lane < 3; ++lane)
                if (wanted[lane])
                    lanes[lane] =
                        list_open_after(tx, static_cast<Lane>(lane), cursor.position[lane], page);
            return lanes;
        });
        more = false;
        for (std::size_t lane = 0; lane < 3; ++lane) {
            if (!wanted[lane])
                continue;
            cursor.behind[lane] = found[lane].size() == static_cast<std::size_t>(page);
            more |= cursor.behind[lane];
            for (auto const& entry : found[lane]) {
                cursor.position[lane] = entry.position;
                if (entry.run_at <= clock_.now() + horizon)
                    queue_.add(workspace, entry, clock_.now());
            }
        }
    }
    cursors_[workspace] = cursor;
    if (std::ranges::find(cursor.behind, true) == cursor.behind.end())
        behind_.erase(workspace);
}

Task<void> Scheduler::load_due()
{
    auto next = clock_.now() + due_scan_every;
    auto const until = clock_.now() + horizon;
    std::vector<WorkspaceId> workspaces;
    for (auto const& [workspace, cursor] : cursors_)
        workspaces.push_back(workspace);
    for (auto const& workspace : workspaces) {
        auto const due = co_await db_.read(
            workspace, [&](db::Tx const& tx) { return list_due(tx, until, most_held); });
        for (auto const& entry : due)
            queue_.add(workspace, entry, clock_.now());
        // A full page means more is due than memory takes: look again soon.
        if (due.size() == most_held)
            next = clock_.now() + look_again;
    }
    next_due_scan_ = next;
}

void Scheduler::dispatch()
{
    queue_.promote(clock_.now());
    std::unordered_map<WorkspaceId, std::vector<Queue::Pick>> batches;
    auto const spawn = [&](WorkspaceId const& workspace, std::vector<Queue::Pick> picks) {
        tasks_.spawn(io_, "jobs batch",
            [this, workspace, picks = std::move(picks)] { return run_batch(workspace, picks); });
    };
    while (auto pick = queue_.next()) {
        ++under_way_[static_cast<std::size_t>(db::shard_of(pick->workspace))];
        auto& batch = batches[pick->workspace];
        batch.push_back(*std::move(pick));
        if (batch.size() == claim_batch)
            spawn(batch.front().workspace, std::exchange(batch, {}));
    }
    for (auto& [workspace, picks] : batches)
        if (!picks.empty())
            spawn(workspace, std::move(picks));
}

/// Claims one job if it is still as the queue thinks; nothing where it is not.
static std::optional<Claimed> claim(db::Tx& tx, Entry const& entry)
{
    auto const row = find_job(tx, entry.id);
    if (!row || row->state == State::done || row->state == State::dead)
        return std::nullopt;
    // Found `sending`: the process that claimed it is gone. The same try goes on, as a recovery.
    auto const counts = row->state == State::queued || row->state == State::retrying;
    update_claimed(tx, *row, counts);
    return Claimed{tx.workspace(), row->id, row->kind, row->lane, row->order_key, row->payload,
        row->message_id, row->attempts + (counts ? 1 : 0), row->claims + 1, row->created_at,
        !counts};
}

Task<void> Scheduler::run_batch(WorkspaceId workspace, std::vector<Queue::Pick> picks)
{
    std::vector<std::optional<Claimed>> claimed;
    bool failed = false;
    try {
        claimed = co_await db_.write(workspace, [&](db::Tx& tx) {
            std::vector<std::optional<Claimed>> result;
            for (auto const& pick : picks) {
                auto job = claim(tx, pick.entry);
                auto const worker = job ? workers_.find(job->kind) : workers_.end();
                if (worker != workers_.end() && !job->recovering)
                    worker->second->claimed(tx, *job);
                result.push_back(std::move(job));
            }
            return result;
        });
    } catch (Problem const& problem) {
        log::warn("jobs could not be claimed", {{"error", problem.what()}});
        failed = true;
    }
    for (std::size_t i = 0; i < picks.size(); ++i) {
        if (failed) {
            finished(picks[i], Ended{State::retrying, clock_.now() + std::chrono::seconds{2}});
        } else if (!claimed[i]) {
            finished(picks[i], std::nullopt);
        } else {
            tasks_.spawn(io_, "job", [this, pick = picks[i], job = *claimed[i]]() -> Task<void> {
                finished(pick, co_await run_one(job));
            });
        }
    }
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
    // What it did is not known, so it is looked at as after a crash.
    log::error("a job failed", {{"job", job.id.str()}, {"kind", job.kind}, {"error", failure}});
    co_return Ended{State::outcome_unknown, clock_.now() + backoff(job.attempt)};
}

void Scheduler::finished(Queue::Pick const& pick, std::optional<Ended> const& ended)
{
    ended_.add();
    --under_way_[static_cast<std::size_t>(db::shard_of(pick.workspace))];
    auto known = ended;
    // Far away: the database keeps it until a scan comes near.
    if (known && known->run_at > clock_.now() + horizon)
        known.reset();
    queue_.end(pick, known, clock_.now());
    wakeup_.wake();
}

}
