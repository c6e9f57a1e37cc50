// What the scheduler reads: new jobs by position, and by time those that were left for later.
#include "jobs/scheduler.hpp"
#include "jobs/store.hpp"

#include <algorithm>

namespace hermod::jobs {

/// Of one workspace and lane, what waits in memory for its turn; the rest waits in the database.
static constexpr std::size_t most_waiting = 1000;
static constexpr std::int64_t page = 200;
/// Wake-ups of another node may be lost.
static constexpr auto refresh_every = std::chrono::minutes{5};

void Scheduler::refresh_all()
{
    for (auto& [workspace, cursors] : cursors_) {
        for (auto& cursor : cursors)
            cursor.behind = true;
        behind_.insert(workspace);
    }
    next_refresh_ = clock_.now() + refresh_every;
}

void Scheduler::drop_lost()
{
    std::vector<int> lost;
    {
        std::lock_guard const lock{mutex_};
        lost.swap(lost_);
    }
    for (auto const shard : lost)
        shards_.erase(shard);
    if (lost.empty())
        return;
    std::erase_if(cursors_, [&](auto const& entry) {
        if (shards_.contains(db::shard_of(entry.first)))
            return false;
        queue_.drop(entry.first);
        behind_.erase(entry.first);
        return true;
    });
}

Task<void> Scheduler::load_gained()
{
    {
        std::lock_guard const lock{mutex_};
        if (gained_.empty())
            co_return;
    }
    auto const workspaces = co_await db_.system().read([&](db::GlobalTx const& tx) {
        return tx.all<WorkspaceId>("SELECT workspace_id FROM workspace_directory");
    });
    std::set<int> gained;
    {
        // Without what was lost again meanwhile.
        std::lock_guard const lock{mutex_};
        gained = {gained_.begin(), gained_.end()};
        gained_.clear();
    }
    drop_lost();
    shards_.insert(gained.begin(), gained.end());
    for (auto const& workspace : workspaces) {
        if (!gained.contains(db::shard_of(workspace)))
            continue;
        cursors_[workspace];
        behind_.insert(workspace);
    }
}

std::array<Scheduler::Want, 3> Scheduler::wants_of(
    WorkspaceId const& workspace, Cursors const& cursors) const
{
    auto const now = clock_.now();
    std::array<Want, 3> wants;
    for (std::size_t i = 0; i < cursors.size(); ++i) {
        auto const lane = static_cast<Lane>(i);
        auto const& cursor = cursors[i];
        auto const room = queue_.waiting(workspace, lane) < most_waiting;
        wants[i].more = cursor.behind && room;
        if (!cursor.left)
            continue;
        auto const near = cursor.left->run_at <= now + Queue::horizon
            && queue_.later(workspace, lane) < Queue::most_later;
        if (cursor.left->run_at <= now ? room : near)
            wants[i].due = cursor.left;
    }
    return wants;
}

Task<std::array<Scheduler::Found, 3>> Scheduler::read_wanted(
    WorkspaceId workspace, Cursors& cursors, std::array<Want, 3> wants)
{
    // What ends meanwhile may be left too, and need not be in what is read.
    for (std::size_t i = 0; i < wants.size(); ++i)
        if (wants[i].due)
            cursors[i].left.reset();
    try {
        co_return co_await db_.read(workspace, [&](db::Tx const& tx) {
            std::array<Found, 3> found;
            for (std::size_t i = 0; i < found.size(); ++i) {
                auto const lane = static_cast<Lane>(i);
                if (wants[i].more)
                    found[i].more = list_open_after(tx, lane, cursors[i].position, page);
                if (auto const& due = wants[i].due)
                    found[i].due = list_due_from(tx, lane, due->run_at, due->position, page);
            }
            return found;
        });
    } catch (...) {
        for (std::size_t i = 0; i < wants.size(); ++i)
            if (wants[i].due)
                leave(workspace, cursors[i], *wants[i].due);
        throw;
    }
}

Task<void> Scheduler::load(WorkspaceId workspace)
{
    auto const place = cursors_.find(workspace);
    if (place == cursors_.end()) { // an alarm of one that was lost
        behind_.erase(workspace);
        co_return;
    }
    auto& cursors = place->second; // taken away by this loop alone
    for (;;) {
        auto const wants = wants_of(workspace, cursors);
        if (std::ranges::none_of(wants, [](Want const& one) { return one.more || one.due; }))
            break;
        auto const found = co_await read_wanted(workspace, cursors, wants);
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (wants[i].due)
                take_due(workspace, cursors[i], found[i].due);
            if (wants[i].more)
                take_more(workspace, cursors[i], found[i].more);
        }
    }
    auto const now = clock_.now();
    if (std::ranges::none_of(cursors, [&](Cursor const& cursor) {
            return cursor.behind || (cursor.left && cursor.left->run_at <= now);
        }))
        behind_.erase(workspace);
    for (auto const& cursor : cursors)
        if (cursor.left)
            set_alarm(workspace, *cursor.left);
}

void Scheduler::take_more(
    WorkspaceId const& workspace, Cursor& cursor, std::vector<Entry> const& more)
{
    auto const now = clock_.now();
    cursor.behind = more.size() == static_cast<std::size_t>(page);
    for (auto const& entry : more) {
        cursor.position = entry.position;
        // Behind one that was left, by time, so is this: it would overtake it.
        Left const place{entry.run_at, entry.position};
        auto const overtakes = entry.state == State::queued && entry.run_at > now && cursor.left
            && *cursor.left < place;
        if (!overtakes && !queue_.add(workspace, entry, now))
            leave(workspace, cursor, place);
    }
}

void Scheduler::take_due(
    WorkspaceId const& workspace, Cursor& cursor, std::vector<Entry> const& due)
{
    for (auto const& entry : due)
        if (!queue_.add(workspace, entry, clock_.now()))
            return leave(workspace, cursor, {entry.run_at, entry.position});
    if (due.size() == static_cast<std::size_t>(page))
        leave(workspace, cursor, {due.back().run_at, due.back().position + 1});
}

void Scheduler::leave(WorkspaceId const& workspace, Cursor& cursor, Left const& left)
{
    if (cursor.left && *cursor.left <= left)
        return;
    cursor.left = left;
    set_alarm(workspace, left);
}

void Scheduler::set_alarm(WorkspaceId const& workspace, Left const& left)
{
    auto const now = clock_.now();
    if (left.run_at <= now)
        behind_.insert(workspace);
    else
        alarms_.emplace(
            left.run_at > now + Queue::horizon ? left.run_at - Queue::horizon : left.run_at,
            workspace);
}

}
