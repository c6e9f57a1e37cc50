#pragma once

#include "db/metrics.hpp"
#include "db/sqlite/connection.hpp"
#include "db/work_queue.hpp"

#include <atomic>
#include <functional>
#include <span>
#include <thread>

namespace hermod::db::sqlite {

/// How large the write-ahead log is, told by the writer and looked at by the checkpointer.
struct WalState {
    std::atomic<std::int64_t> commits{0}; ///< that wrote something
    std::atomic<std::int64_t> frames{0}; ///< pages in the log after the last commit
    std::atomic<bool> restart_wanted{
        false}; ///< begin the file anew, if no reader stands in the way
    std::atomic<bool> restart_needed{false}; ///< … and wait for the readers
};

/// The one thread that writes, with group commit: what is queued runs in one transaction, whose
/// one fsync all of it shares.
class Writer {
public:
    using Listener = std::function<void(std::span<Committed const>)>;

    Writer(SqliteOptions const& options, Clock& clock, DbMetrics const& metrics);
    ~Writer(); ///< close() first, or nothing was started

    WorkQueue& queue() { return queue_; }
    WalState& wal() { return wal_; }
    void on_commit(Listener listener);
    void start();
    /// Finishes what is queued, then joins.
    void close();

private:
    void work_off();
    void run_batch();
    void run_one_by_one();
    bool run_group(std::span<Work* const> works);
    bool run_one(Work& work);
    bool undo_group();
    bool take_more(Work::Time batch_end, Work::Time hold_until);
    std::exception_ptr try_begin();
    std::exception_ptr try_commit();
    void roll_back();
    void conclude(std::span<Work* const> works);
    void tell_listener();
    void refuse(std::span<Work* const> works, std::exception_ptr const& failure);
    void restart_wal();

    SqliteOptions const options_;
    Clock& clock_;
    DbMetrics metrics_;
    WorkQueue queue_;
    WalState wal_;
    Connection connection_;
    HotRows hot_rows_;
    std::vector<Work*> batch_;
    std::vector<Committed> wakes_;
    std::size_t expected_ = 1; ///< works of the last batch
    Work::Time last_commit_{};
    Work::Time now_{};
    std::mutex listener_mutex_;
    Listener listener_;
    std::thread thread_;
};

}
