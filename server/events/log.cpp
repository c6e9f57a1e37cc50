#include "events/log.hpp"

#include "base/crypto.hpp"
#include "base/errors.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <charconv>

namespace hermod::events {

/// What a tail keeps in memory for its readers: enough for a burst, little for many workspaces.
static constexpr std::size_t kept_lines = 1000;
static constexpr std::size_t kept_bytes = 1 << 20;
static constexpr auto idle_tail = std::chrono::seconds{60};
/// A wake-up of another node may be lost, so a waiting reader looks by itself.
static constexpr auto look_again = std::chrono::seconds{2};

/// Guarded by Log::mutex_ but for `wakeup`, which is its waiter's.
struct Log::Tail {
    struct Waiter {
        std::int64_t offset;
        std::shared_ptr<Wakeup> wakeup;
    };

    std::int64_t head = -1; ///< newest offset read; -1: nothing read yet
    std::deque<std::shared_ptr<Line const>> lines; ///< up to head, without gaps
    std::size_t bytes = 0;
    std::list<Waiter> waiters;
    bool reading = false;
    bool dirty = false;
    Clock::Steady last_used;
    Clock::Steady last_look;

    /// What was deleted may have been redacted in the lines before it.
    void forget_redacted(std::span<Line const> newer)
    {
        if (std::ranges::none_of(
                newer, [](auto const& line) { return line.type.ends_with(".deleted"); }))
            return;
        forget();
    }

    void forget()
    {
        lines.clear();
        bytes = 0;
    }

    void keep(Line&& line)
    {
        head = line.log_offset;
        bytes += line.data.size() + 200;
        lines.push_back(std::make_shared<Line const>(std::move(line)));
        while (lines.size() > kept_lines || bytes > kept_bytes) {
            bytes -= lines.front()->data.size() + 200;
            lines.pop_front();
        }
    }
};

Task<std::string> load_epoch(db::Database& db)
{
    auto const fresh = random_token(9);
    co_return co_await db.system().write([&](db::GlobalTx& tx) {
        auto known = tx.one<std::string>("SELECT value FROM instance WHERE name = $1", "epoch");
        if (known)
            return *std::move(known);
        tx.run("INSERT INTO instance (name, value) VALUES ($1, $2)", "epoch", fresh);
        return fresh;
    });
}

void renew_epoch(db::GlobalTx& tx)
{
    tx.run("INSERT INTO instance (name, value) VALUES ($1, $2)"
           " ON CONFLICT (name) DO UPDATE SET value = $2",
        "epoch", random_token(9));
}

Log::Log(db::Database& db, Clock& clock, Tasks& tasks, asio::io_context& io, std::string epoch)
    : db_(db), clock_(clock), tasks_(tasks), io_(io), epoch_(std::move(epoch))
{
}

Log::~Log() = default;

std::string Log::cursor(std::int64_t offset) const
{
    return to_base64url(epoch_ + '.' + std::to_string(offset));
}

std::int64_t Log::offset_of(std::string_view cursor) const
{
    auto const plain = from_base64url(cursor);
    auto const dot = plain ? plain->rfind('.') : std::string::npos;
    std::int64_t offset = -1;
    if (dot != std::string::npos) {
        auto const* const end = plain->data() + plain->size();
        auto const [rest, error] = std::from_chars(plain->data() + dot + 1, end, offset);
        if (error != std::errc{} || rest != end)
            offset = -1;
    }
    if (offset < 0)
        throw Problem{Errc::invalid_cursor, {}, {{"after", "is not a cursor of this log"}}};
    if (std::string_view{*plain}.substr(0, dot) != epoch_)
        throw Problem{Errc::cursor_expired};
    return offset;
}

Task<Extent> Log::extent(WorkspaceId workspace)
{
    co_return co_await db_.read(workspace, [&](db::Tx const& tx) {
        auto const extent = find_extent(tx);
        if (!extent)
            throw Problem{Errc::workspace_not_found};
        return *extent;
    });
}

std::optional<Log::Lines> Log::from_memory(
    WorkspaceId const& workspace, std::int64_t offset, std::int64_t limit)
{
    std::lock_guard const lock{mutex_};
    auto const found = tails_.find(workspace);
    if (found == tails_.end())
        return std::nullopt;
    auto& tail = *found->second;
    tail.last_used = clock_.steady();
    auto const first = tail.head - static_cast<std::int64_t>(tail.lines.size()) + 1;
    if (tail.head < 0 || offset > tail.head || offset + 1 < first)
        return std::nullopt;
    // A commit that the tail has not read yet may be the asker's own.
    if (offset == tail.head && (tail.dirty || tail.reading))
        return std::nullopt;
    auto const from = tail.lines.begin() + (offset + 1 - first);
    auto const count = std::min<std::int64_t>(limit, tail.lines.end() - from);
    return Lines{from, from + count};
}

Task<Log::Lines> Log::read(WorkspaceId workspace, std::int64_t offset, std::int64_t limit)
{
    if (auto lines = from_memory(workspace, offset, limit))
        co_return *std::move(lines);
    auto stored = co_await db_.read(workspace, [&](db::Tx const& tx) {
        auto const extent = find_extent(tx);
        if (!extent)
            throw Problem{Errc::workspace_not_found};
        if (offset < extent->floor || offset > extent->head)
            throw Problem{Errc::cursor_expired};
        return list_after(tx, offset, limit);
    });
    Lines lines;
    lines.reserve(stored.size());
    for (auto& line : stored)
        lines.push_back(std::make_shared<Line const>(std::move(line)));
    co_return lines;
}

std::shared_ptr<Log::Tail> Log::tail_of(WorkspaceId const& workspace)
{
    drop_idle_tails();
    auto& tail = tails_[workspace];
    if (!tail)
        tail = std::make_shared<Tail>();
    tail->last_used = clock_.steady();
    return tail;
}

void Log::drop_idle_tails()
{
    auto const before = clock_.steady() - idle_tail;
    std::erase_if(tails_, [&](auto const& entry) {
        auto const& tail = *entry.second;
        return tail.waiters.empty() && !tail.reading && tail.last_used < before;
    });
}

Task<void> Log::wait_beyond(WorkspaceId workspace, std::int64_t offset, Clock::Steady deadline)
{
    auto const executor = co_await asio::this_coro::executor;
    auto const wakeup = std::make_shared<Wakeup>(executor.context(), clock_);
    std::shared_ptr<Tail> tail;
    std::list<Tail::Waiter>::iterator place;
    {
        std::lock_guard const lock{mutex_};
        tail = tail_of(workspace);
        if (tail->head > offset || draining_)
            co_return;
        place = tail->waiters.insert(tail->waiters.end(), {offset, wakeup});
        // A tail without waiters does not read, so it may have missed a commit; one that has them
        // misses at most a wake-up of another node.
        if (tail->head < 0 || tail->dirty || tail->last_look + look_again < clock_.steady())
            start_reading(workspace, tail);
    }
    struct Leave {
        Log& log;
        Tail& tail;
        std::list<Tail::Waiter>::iterator place;
        ~Leave()
        {
            std::lock_guard const lock{log.mutex_};
            tail.waiters.erase(place);
        }
    } const leave{*this, *tail, place};
    auto const left = std::min<Clock::Steady::duration>(deadline - clock_.steady(), look_again);
    co_await wakeup->wait_until(clock_.now() + std::chrono::ceil<microseconds>(left));
}

void Log::drain()
{
    std::lock_guard const lock{mutex_};
    draining_ = true;
    for (auto const& [workspace, tail] : tails_)
        for (auto const& waiter : tail->waiters)
            waiter.wakeup->wake();
}

void Log::committed(std::span<db::Committed const> commits)
{
    std::lock_guard const lock{mutex_};
    if (tails_.empty())
        return;
    for (auto const& commit : commits) {
        if (!(commit.wakes & static_cast<std::uint8_t>(db::Wake::log)))
            continue;
        auto const tail = tails_.find(commit.workspace);
        if (tail == tails_.end())
            continue;
        // Nobody waits, so nobody reads: what is in memory may become redacted unseen.
        if (tail->second->waiters.empty())
            tail->second->forget();
        start_reading(commit.workspace, tail->second);
    }
}

/// With mutex_ held.
void Log::start_reading(WorkspaceId const& workspace, std::shared_ptr<Tail> const& tail)
{
    tail->dirty = true;
    if (tail->reading || tail->waiters.empty())
        return;
    tail->reading = true;
    tasks_.spawn(io_, "events tail",
        [this, workspace, tail]() -> Task<void> { return catch_up(workspace, tail); });
}

Task<void> Log::catch_up(WorkspaceId workspace, std::shared_ptr<Tail> tail)
{
    // However this ends, by cancellation or a failed read, the next commit starts it anew.
    struct Done {
        Log& log;
        Tail* tail;
        ~Done()
        {
            if (!tail)
                return;
            std::lock_guard const lock{log.mutex_};
            tail->reading = false;
        }
    };
    Done done{*this, tail.get()};
    for (;;) {
        std::int64_t from = 0;
        {
            std::lock_guard const lock{mutex_};
            if (!tail->dirty) {
                tail->reading = false;
                done.tail = nullptr;
                co_return;
            }
            tail->dirty = false;
            tail->last_look = clock_.steady();
            from = tail->head;
        }
        // A new tail starts at the head: what is older its readers take from the database.
        auto lines = co_await db_.read(workspace, [&](db::Tx const& tx) {
            auto const head = find_extent(tx).value_or(Extent{}).head;
            return list_after(tx, from < 0 ? std::max<std::int64_t>(0, head - 1) : from, 500);
        });
        std::lock_guard const lock{mutex_};
        tail->dirty |= lines.size() == 500;
        if (from < 0)
            tail->head = 0;
        tail->forget_redacted(lines);
        for (auto& line : lines)
            tail->keep(std::move(line));
        for (auto const& waiter : tail->waiters)
            if (tail->head > waiter.offset)
                waiter.wakeup->wake();
    }
}

}
