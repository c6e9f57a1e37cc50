#pragma once

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "jobs/jobs.hpp"
#include "jobs/leases.hpp"
#include "jobs/queue.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace hermod::jobs {

/// Runs the jobs of the shards this process holds: ready work and due times in memory, the
/// database read only for what is new. All its state lives on one io thread. A claim is a write
/// of its own, checked against the row, so that a job never runs twice at once. What is due later
/// than the queue takes is left in the database, of each lane the first such time kept as an
/// alarm; so no number of scheduled jobs stands before one that is due.
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
    /// Nothing more is started. What is in hand goes on.
    void drain();
    /// The same, until it is called with false. From any thread.
    void hold(bool held);
    /// Waits until nothing is in hand, at most for `patience`; from outside the io threads. False
    /// where something still is.
    bool wait_until_idle(milliseconds patience);

    /// The shards whose jobs run here changed: what is open in gained ones is loaded (and what was
    /// `sending` recovered), what waits in lost ones is forgotten. From any thread.
    void gain(std::vector<int> const& shards) override;
    void lose(std::vector<int> const& shards) override;
    int under_way(int shard) const override;

private:
    /// A place in the order of due times.
    struct Left {
        Timestamp run_at;
        std::int64_t position = 0;
        auto operator<=>(Left const&) const = default;
    };
    /// How far a lane has been read: all open jobs up to `position` are in memory, but for those
    /// that were left for later, of which `left` is the first by time.
    struct Cursor {
        std::int64_t position = 0;
        bool behind = true; ///< there may be more in the database
        std::optional<Left> left;
    };
    using Cursors = std::array<Cursor, 3>;
    /// What of a lane is to be read now.
    struct Want {
        bool more = false;
        std::optional<Left> due;
    };
    struct Found {
        std::vector<Entry> more;
        std::vector<Entry> due;
    };
    /// What became of a pick: claimed, found to be due later, or, with neither, not open any more.
    struct Claim {
        std::optional<Claimed> job;
        std::optional<Ended> later;
    };

    Task<void> run();
    Task<bool> look();
    void drop_lost();
    Task<void> load_gained();
    void refresh_all();
    Task<void> load(WorkspaceId workspace);
    std::array<Want, 3> wants_of(WorkspaceId const& workspace, Cursors const& cursors) const;
    Task<std::array<Found, 3>> read_wanted(
        WorkspaceId workspace, Cursors& cursors, std::array<Want, 3> wants);
    void take_more(WorkspaceId const& workspace, Cursor& cursor, std::vector<Entry> const& more);
    void take_due(WorkspaceId const& workspace, Cursor& cursor, std::vector<Entry> const& due);
    void leave(WorkspaceId const& workspace, Cursor& cursor, Left const& left);
    void set_alarm(WorkspaceId const& workspace, Left const& left);
    void dispatch();
    static Claim claim(db::Tx& tx, Entry const& entry, bool was_refused);
    Task<void> run_batch(WorkspaceId workspace, std::vector<Queue::Pick> picks);
    Task<std::vector<Claim>> claim_all(
        WorkspaceId workspace, std::vector<Queue::Pick> const& picks);
    void begin(Queue::Pick pick, Claim const& claim);
    void put_off(std::vector<Queue::Pick> const& picks, std::string const& error, bool is_away);
    Task<std::optional<Ended>> run_one(Claimed const& job);
    void note_dead(Claimed const& job);
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
    Counter dead_;

    // On the io thread alone.
    Queue queue_;
    std::unordered_map<WorkspaceId, Cursors> cursors_;
    std::unordered_set<WorkspaceId> behind_; ///< of which there may be something to read now
    std::set<std::pair<Timestamp, WorkspaceId>> alarms_; ///< when one has something to read
    /// Claims that failed, one after the other. One of them may have been written nevertheless.
    std::unordered_map<JobId, int> refused_;
    std::set<int> shards_;
    Timestamp next_refresh_;

    std::array<std::atomic<int>, db::shard_count> under_way_{};

    std::mutex mutex_; ///< guards what follows, which other threads leave for the loop or ask
    std::condition_variable idle_;
    int in_hand_ = 0;
    bool draining_ = false;
    bool held_ = false;
    std::unordered_set<WorkspaceId> changed_;
    std::vector<int> gained_;
    std::vector<int> lost_;
};

}
