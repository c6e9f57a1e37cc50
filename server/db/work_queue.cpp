#include "db/work_queue.hpp"

#include <algorithm>

namespace hermod::db {

void RoundRobin::push(Work& work)
{
    work.next_ = nullptr;
    auto& line = lines_[work.workspace()];
    if (line.first)
        line.last->next_ = &work;
    else {
        line.first = &work;
        turns_.push_back(work.workspace());
    }
    line.last = &work;
    ++size_;
}

Work* RoundRobin::pop()
{
    if (turns_.empty())
        return nullptr;
    auto const at = lines_.find(turns_.front());
    auto* const work = std::exchange(at->second.first, at->second.first->next_);
    turns_.pop_front();
    if (at->second.first)
        turns_.push_back(at->first);
    else
        lines_.erase(at);
    --size_;
    return work;
}

void RoundRobin::pop_overdue(Work::Time now, std::vector<Work*>& into)
{
    for (auto at = lines_.begin(); at != lines_.end();) {
        Line kept;
        for (auto* work = at->second.first; work;) {
            auto* const next = std::exchange(work->next_, nullptr);
            if (work->deadline() <= now) {
                into.push_back(work);
                --size_;
            } else {
                (kept.first ? kept.last->next_ : kept.first) = work;
                kept.last = work;
            }
            work = next;
        }
        at->second = kept;
        if (kept.first)
            ++at;
        else {
            std::erase(turns_, at->first);
            at = lines_.erase(at);
        }
    }
}

WorkQueue::WorkQueue(std::size_t limit, Gauge length, Counter dropped)
    : limit_(limit), length_(length), dropped_(dropped)
{
}

std::optional<Errc> WorkQueue::push(Work& work)
{
    bool enough = false;
    {
        std::lock_guard const lock{mutex_};
        if (closed_)
            return Errc::draining;
        if (works_.size() >= limit_)
            return Errc::overloaded;
        works_.push(work);
        earliest_deadline_ = std::min(earliest_deadline_, work.deadline());
        enough = works_.size() >= wanted_;
    }
    if (enough)
        changed_.notify_one();
    return std::nullopt;
}

bool WorkQueue::take(
    std::vector<Work*>& into, std::size_t max, std::size_t wanted, std::optional<Work::Time> until)
{
    std::vector<Work*> overdue;
    auto const before = into.size();
    {
        std::unique_lock lock{mutex_};
        auto const ready = [&] { return works_.size() >= wanted || closed_; };
        wanted_ = wanted;
        if (until)
            changed_.wait_until(lock, *until, ready);
        else
            changed_.wait(lock, ready);
        wanted_ = 1;
        take_out_overdue(overdue);
        while (into.size() - before < max && !works_.empty())
            into.push_back(works_.pop());
        length_.set(static_cast<double>(works_.size()));
    }
    refuse(overdue);
    return into.size() > before;
}

void WorkQueue::take_out_overdue(std::vector<Work*>& overdue)
{
    auto const now = std::chrono::steady_clock::now();
    if (now < earliest_deadline_)
        return;
    works_.pop_overdue(now, overdue);
    // Somewhat early for what is left, so that the scan above is not made for each take.
    earliest_deadline_ = works_.empty() ? Work::Time::max() : now + milliseconds{20};
}

void WorkQueue::refuse(std::vector<Work*> const& overdue)
{
    if (overdue.empty())
        return;
    dropped_.add(static_cast<double>(overdue.size()));
    Completions completions;
    for (auto* work : overdue) {
        work->error = std::make_exception_ptr(
            Problem{Errc::overloaded, "the request waited too long for the database"});
        completions.add(*work);
    }
}

void WorkQueue::drop_overdue()
{
    std::vector<Work*> overdue;
    {
        std::lock_guard const lock{mutex_};
        take_out_overdue(overdue);
    }
    refuse(overdue);
}

bool WorkQueue::finished()
{
    std::lock_guard const lock{mutex_};
    return closed_ && works_.empty();
}

bool WorkQueue::is_closed()
{
    std::lock_guard const lock{mutex_};
    return closed_;
}

void WorkQueue::close()
{
    {
        std::lock_guard const lock{mutex_};
        closed_ = true;
    }
    changed_.notify_all();
}

}
