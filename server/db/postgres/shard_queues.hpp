#pragma once

#include "base/metrics.hpp"
#include "db/work_queue.hpp"

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace hermod::db::postgres {

/// What waits to be written, by shard: 0 to 63, and 64 for the system's works. A shard is in the
/// hands of one thread at a time; the shards take turns, and the workspaces of a shard.
class ShardQueues {
public:
    struct Batch {
        int shard = 0;
        std::vector<Work*> works; ///< those of one workspace stand together, in order
    };

    ShardQueues(std::size_t limit, Gauge length, Counter dropped);

    /// Null, or why not: `overloaded`, or `draining` after close.
    std::optional<Errc> push(Work& work);
    /// Waits for a shard that has works and is in nobody's hands. False: closed and empty.
    bool take(Batch& batch, std::size_t max);
    /// Ends what `take` began; `left` go back before what waits, in order.
    void release(int shard, std::span<Work* const> left = {});

    /// Ends with 503 what has waited beyond its deadline, until close.
    void watch_deadlines(std::function<void()> const& every_turn);
    /// Ends with 503 everything that waits: the database is away and shall not be waited for.
    void fail_all();
    /// Waits, less long when closed. True: closed.
    bool pause(milliseconds time);
    void close();
    bool finished(); ///< closed and empty

private:
    struct Shard {
        std::deque<Work*> returned;
        RoundRobin works;
        bool taken = false;
        bool ready = false; ///< on the list
        bool empty() const { return returned.empty() && works.empty(); }
    };

    void make_ready(int shard);
    void take_overdue(Work::Time now, std::vector<Work*>& overdue);

    std::size_t const limit_;
    Gauge length_;
    Counter dropped_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::condition_variable closing_;
    std::array<Shard, shard_count + 1> shards_;
    std::deque<int> ready_;
    std::size_t size_ = 0; ///< queued
    std::size_t taken_ = 0; ///< shards in someone's hands, whose works may come back
    bool closed_ = false;
};

}
