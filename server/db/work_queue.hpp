#pragma once

#include "base/metrics.hpp"
#include "db/work.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace hermod::db {

/// Works in order within their workspace, the workspaces in turn: ten thousand works of one
/// delay another's by one each. Not thread-safe.
class RoundRobin {
public:
    void push(Work& work);
    Work* pop(); ///< null when empty
    /// Takes out what waits beyond its deadline.
    void pop_overdue(Work::Time now, std::vector<Work*>& into);
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }

private:
    struct Line {
        Work* first = nullptr;
        Work* last = nullptr;
    };
    std::unordered_map<WorkspaceId, Line> lines_; ///< none is empty
    std::deque<WorkspaceId> turns_; ///< each workspace of lines_ once
    std::size_t size_ = 0;
};

/// The queue before database threads. Works that wait beyond their deadline are completed with
/// 503 `overloaded` by whoever notices first.
class WorkQueue {
public:
    WorkQueue(std::size_t limit, Gauge length, Counter dropped);

    /// Null, or why not: `overloaded`, or `draining` after close.
    std::optional<Errc> push(Work& work);
    /// Appends up to `max` works. Waits for at least `wanted` of them until `until`, if given, and
    /// then takes what there is. False: nothing taken, because the time is over, what there was was
    /// overdue, or the queue is finished.
    bool take(std::vector<Work*>& into, std::size_t max, std::size_t wanted = 1,
        std::optional<Work::Time> until = {});
    void drop_overdue();
    void close(); ///< what is queued can still be taken
    bool finished(); ///< closed and empty
    bool is_closed();

private:
    void take_out_overdue(std::vector<Work*>& overdue);
    void refuse(std::vector<Work*> const& overdue);

    std::size_t const limit_;
    Gauge length_;
    Counter dropped_;
    std::mutex mutex_;
    std::condition_variable changed_;
    RoundRobin works_;
    Work::Time earliest_deadline_ = Work::Time::max();
    std::size_t wanted_ = 1; ///< the least that any waiting thread wants
    bool closed_ = false;
};

}
