#pragma once

#include "db/engine.hpp"
#include "db/metrics.hpp"
#include "db/postgres/batch_runner.hpp"
#include "db/postgres/shard_queues.hpp"
#include "db/work.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace hermod::db::postgres {

/// The listener to commits, called from several threads, one at a time.
class CommitListener {
public:
    using Function = std::function<void(std::span<Committed const>)>;
    void set(Function function);
    void call(std::span<Committed const> wakes);

private:
    std::mutex mutex_;
    Function function_;
};

/// The threads that write, each with a connection. A batch's works end after its commit; a lost
/// commit is settled by its mark: docs/adr/0016-lost-commits.md.
class Writers {
public:
    Writers(PostgresOptions const& options, Uuid const& node, Statements& statements, Clock& clock,
        DbMetrics const& metrics, CommitListener& listener);
    ~Writers();

    ShardQueues& queues() { return queues_; }
    void start();
    /// Finishes what is queued, then joins.
    void close();

private:
    class Thread;

    PostgresOptions const options_;
    Uuid const node_;
    Statements& statements_;
    Clock& clock_;
    DbMetrics metrics_;
    CommitListener& listener_;
    ShardQueues queues_;
    StopSignal never_; ///< writers stop by finishing
    /// Of each shard's last batch; used by whoever holds the shard.
    std::array<std::int64_t, shard_count + 1> batches_{};
    std::vector<std::thread> threads_;
};

}
