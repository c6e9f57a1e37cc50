#pragma once

#include "base/task.hpp"
#include "db/database.hpp"
#include "events/store.hpp"

#include <atomic>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace hermod::events {

/// Reads or makes the database's epoch: it changes on restore, which ends every cursor.
Task<std::string> load_epoch(db::Database& db);
/// Ends every cursor at once. The servers that run go on with the old one until they start anew.
void renew_epoch(db::GlobalTx& tx);

/// The reader's side of the log. One tail per workspace that somebody waits on reads new events
/// once and keeps the newest in memory for all readers; a waiting reader holds no database
/// connection. Thread-safe; its methods may be awaited on any io thread.
class Log {
public:
    Log(db::Database& db, Clock& clock, Tasks& tasks, asio::io_context& io, std::string epoch);
    ~Log();

    std::string cursor(std::int64_t offset) const;
    /// The offset in a cursor; invalid_cursor where it is not one, cursor_expired where it is of
    /// another epoch.
    std::int64_t offset_of(std::string_view cursor) const;

    using Lines = std::vector<std::shared_ptr<Line const>>;
    /// Events after `offset` in order, at most `limit`; cursor_expired below the floor or above
    /// the head.
    Task<Lines> read(WorkspaceId workspace, std::int64_t offset, std::int64_t limit);
    Task<Extent> extent(WorkspaceId workspace);
    /// Returns when there may be an event after `offset`, at the deadline, which wall time does
    /// not move, or when nobody shall wait any more.
    Task<void> wait_beyond(WorkspaceId workspace, std::int64_t offset, Clock::Steady deadline);
    /// At shutdown: who waits is answered with what there is.
    void drain();
    bool draining() const { return draining_; }

    /// From the database's commit hook.
    void committed(std::span<db::Committed const> commits);

private:
    struct Tail;
    std::shared_ptr<Tail> tail_of(WorkspaceId const& workspace);
    void start_reading(WorkspaceId const& workspace, std::shared_ptr<Tail> const& tail);
    Task<void> catch_up(WorkspaceId workspace, std::shared_ptr<Tail> tail);
    std::optional<Lines> from_memory(
        WorkspaceId const& workspace, std::int64_t offset, std::int64_t limit);
    void drop_idle_tails();

    db::Database& db_;
    Clock& clock_;
    Tasks& tasks_;
    asio::io_context& io_;
    std::string epoch_;
    std::atomic<bool> draining_ = false;
    std::mutex mutex_;
    std::unordered_map<WorkspaceId, std::shared_ptr<Tail>> tails_;
};

}
