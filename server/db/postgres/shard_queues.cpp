#include "db/postgres/shard_queues.hpp"

#include <algorithm>
#include <unordered_map>

namespace hermod::db::postgres {

// How late a deadline may be noticed.
static constexpr milliseconds watch_every{50};

ShardQueues::ShardQueues(std::size_t limit, Gauge length, Counter dropped)
    : limit_(limit), length_(length), dropped_(dropped)
{
}

void ShardQueues::make_ready(int shard)
{
    auto& entry = shards_[static_cast<std::size_t>(shard)];
    if (entry.taken || entry.ready || entry.empty())
        return;
    entry.ready = true;
    ready_.push_back(shard);
    changed_.notify_one();
}

std::optional<Errc> ShardQueues::push(Work& work)
{
    auto const shard = work.is_system() ? shard_count : shard_of(work.workspace());
    std::lock_guard const lock{mutex_};
    if (closed_)
        return Errc::draining;
    if (size_ >= limit_)
        return Errc::overloaded;
    ++size_;
    shards_[static_cast<std::size_t>(shard)].works.push(work);
    make_ready(shard);
    return std::nullopt;
}

/// Works of one workspace side by side, the workspaces with few before those with many: where the
/// time of the batch ends, it ends amid a crowd.
static void group_by_workspace(std::vector<Work*>& works)
{
    std::unordered_map<WorkspaceId, std::size_t> index;
    std::vector<std::vector<Work*>> groups;
    for (auto* const work : works) {
        auto const at = index.try_emplace(work->workspace(), groups.size()).first->second;
        if (at == groups.size())
            groups.emplace_back();
        groups[at].push_back(work);
    }
    std::ranges::sort(groups, {}, &std::vector<Work*>::size);
    works.clear();
    for (auto const& group : groups)
        works.insert(works.end(), group.begin(), group.end());
}

bool ShardQueues::take(Batch& batch, std::size_t max)
{
    batch.works.clear();
    {
        std::unique_lock lock{mutex_};
        changed_.wait(
            lock, [&] { return !ready_.empty() || (closed_ && size_ == 0 && taken_ == 0); });
        if (ready_.empty())
            return false;
        batch.shard = ready_.front();
        ready_.pop_front();
        auto& shard = shards_[static_cast<std::size_t>(batch.shard)];
        shard.ready = false;
        shard.taken = true;
        ++taken_;
        while (!shard.returned.empty() && batch.works.size() < max) {
            batch.works.push_back(shard.returned.front());
            shard.returned.pop_front();
        }
        // What came back keeps its place before what came later.
        while (shard.returned.empty() && !shard.works.empty() && batch.works.size() < max)
            batch.works.push_back(shard.works.pop());
        size_ -= batch.works.size();
        length_.set(static_cast<double>(size_));
    }
    group_by_workspace(batch.works);
    return true;
}

void ShardQueues::release(int shard, std::span<Work* const> left)
{
    std::lock_guard const lock{mutex_};
    auto& entry = shards_[static_cast<std::size_t>(shard)];
    entry.returned.insert(entry.returned.begin(), left.begin(), left.end());
    size_ += left.size();
    entry.taken = false;
    --taken_;
    make_ready(shard);
    if (closed_)
        changed_.notify_all();
}

void ShardQueues::take_overdue(Work::Time now, std::vector<Work*>& overdue)
{
    auto const before = overdue.size();
    for (auto& shard : shards_) {
        shard.works.pop_overdue(now, overdue);
        std::erase_if(shard.returned, [&](Work* work) {
            if (work->deadline() > now)
                return false;
            overdue.push_back(work);
            return true;
        });
    }
    size_ -= overdue.size() - before;
    std::erase_if(ready_, [&](int shard) {
        auto& entry = shards_[static_cast<std::size_t>(shard)];
        entry.ready = !entry.empty();
        return !entry.ready;
    });
    if (closed_)
        changed_.notify_all();
}

static void refuse(std::vector<Work*> const& works, Problem const& problem)
{
    Completions completions;
    for (auto* work : works) {
        work->error = std::make_exception_ptr(problem);
        completions.add(*work);
    }
}

void ShardQueues::watch_deadlines(std::function<void()> const& every_turn)
{
    std::unique_lock lock{mutex_};
    while (!(closed_ && size_ == 0 && taken_ == 0)) {
        closing_.wait_for(lock, watch_every);
        std::vector<Work*> overdue;
        if (size_ != 0)
            take_overdue(std::chrono::steady_clock::now(), overdue);
        lock.unlock();
        dropped_.add(static_cast<double>(overdue.size()));
        refuse(overdue, Problem{Errc::overloaded, "the request waited too long for the database"});
        every_turn();
        lock.lock();
    }
}

void ShardQueues::fail_all()
{
    std::vector<Work*> waiting;
    {
        std::lock_guard const lock{mutex_};
        take_overdue(Work::Time::max(), waiting);
    }
    refuse(waiting, Problem{Errc::storage_unavailable, "the database cannot be reached"});
}

bool ShardQueues::pause(milliseconds time)
{
    std::unique_lock lock{mutex_};
    closing_.wait_for(lock, time, [&] { return closed_; });
    return closed_;
}

bool ShardQueues::finished()
{
    std::lock_guard const lock{mutex_};
    return closed_ && size_ == 0;
}

void ShardQueues::close()
{
    {
        std::lock_guard const lock{mutex_};
        closed_ = true;
    }
    changed_.notify_all();
    closing_.notify_all();
}

}
