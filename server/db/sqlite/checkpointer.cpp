#include "db/sqlite/checkpointer.hpp"

#include "base/log.hpp"

#include <pthread.h>
#include <sqlite3.h>

namespace hermod::db::sqlite {

static constexpr std::int64_t page_bytes = 4096;
static constexpr std::int64_t restart_bytes = std::int64_t{64} << 20;
static constexpr std::int64_t must_restart_bytes = std::int64_t{256} << 20;

Checkpointer::Checkpointer(SqliteOptions const& options, WalState& wal)
    : wal_(wal), connection_(options, Connection::Mode::write)
{
}

void Checkpointer::start()
{
    thread_ = std::thread{[this] {
        pthread_setname_np(pthread_self(), "db-checkpoint");
        run();
    }};
}

void Checkpointer::close()
{
    {
        std::lock_guard const lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable())
        thread_.join();
}

void Checkpointer::run()
{
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        changed_.wait_for(lock, milliseconds{100}, [this] { return stopping_; });
        lock.unlock();
        checkpoint();
        lock.lock();
    }
}

void Checkpointer::checkpoint()
{
    auto const commits = wal_.commits.load(std::memory_order_relaxed);
    if (commits == done_commits_)
        return;
    int frames = 0, copied = 0;
    auto const code = sqlite3_wal_checkpoint_v2(
        connection_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
    if (code != SQLITE_OK && code != SQLITE_BUSY) {
        // Nothing is lost: it stays in the log. Full disks are why, as a rule.
        log::warn("a checkpoint failed", {{"error", sqlite3_errmsg(connection_.handle())}});
        return;
    }
    if (code == SQLITE_OK && frames == copied)
        done_commits_ = commits;
    auto const bytes = frames * page_bytes;
    if (bytes > must_restart_bytes)
        wal_.restart_needed = true;
    if (bytes > restart_bytes)
        wal_.restart_wanted = true;
}

}
