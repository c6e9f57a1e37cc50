#pragma once

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "jobs/jobs.hpp"
#include "jobs/leases.hpp"
#include "jobs/queue.hpp"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace hermod::jobs {

/// Runs the jobs of the shards this process holds: ready work and due times in memory, the
/// database read only for what is new. All its state lives on one io thread. A claim is a write
/// of its own, checked against the row, so that a job never runs twice at once.
class Scheduler final : public ShardHolder {
public:
    Scheduler(db::Database& db, Clock& clock, Tasks& tasks, asio::io_context& io, Metrics& metrics,
        Limits limits = {});
    ~Scheduler() override;

    /// Before start. A job whose kind has no worker is buried.
    void add(Worker& worker) { workers_.emplace(worker.kind(), &worker); }
    void start();
    /// From the database's commit hook, on any thread.
    void committed(std::span<db::Committed const> commits);

    /// The shards whose jobs run here changed: what is open in gained ones is loaded (and what was
    /// `sending` recovered), what waits in lost ones is forgotten. From any thread.
    void gain(std::vector<int> const& shards) override;
    void lose(std::vector<int> const& shards) override;
    int under_way(int shard) const override;

private:
    struct Cursor {
        std::array<std::int64_t, 3> position{};
        std::array<bool, 3> behind{true, true, true}; ///< there may be more in the database
    };

    Task<void> run();
    Task<bool> look();
    void drop_lost();
    Task<void> load_shards();
    Task<void> load(WorkspaceId workspace);
    Task<void> load_due();
    void dispatch();
    Task<void> run_batch(WorkspaceId workspace, std::vector<Queue::Pick> picks);
    Task<std::optional<Ended>> run_one(Claimed const& job);
    void finished(Queue::Pick const& pick, std::optional<Ended> const& ended);
    Timestamp next_look() const;

    db::Database& db_;
    Clock& clock_;
    Tasks& tasks_;
    asio::io_context& io_;
    Wakeup wakeup_;
    std::map<std::string_view, Worker*> workers_;
    Gauge waiting_;
    Gauge running_;
    Counter ended_;

    // On the io thread alone.
    Queue queue_;
    std::unordered_map<WorkspaceId, Cursor> cursors_;
    std::unordered_set<WorkspaceId> behind_; ///< whose cursor is not at the end
    std::set<int> shards_;
    Timestamp next_due_scan_;

    std::array<std::atomic<int>, db::shard_count> under_way_{};

    std::mutex mutex_; ///< guards what other threads leave for the loop
    std::unordered_set<WorkspaceId> changed_;
    std::vector<int> gained_;
    std::vector<int> lost_;
};

}
