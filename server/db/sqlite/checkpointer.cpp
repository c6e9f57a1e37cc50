#include "db/sqlite/checkpointer.hpp"

#include "base/log.hpp"

#include <pthread.h>
#include <sqlite3.h>

namespace hermod::db::sqlite {

static constexpr std::int64_t restart_frames = (64 << 20) / 4096;
static constexpr std::int64_t must_restart_frames = (256 << 20) / 4096;
static constexpr std::int64_t few_frames = (2 << 20) / 4096;

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
    auto copied = copy_log();
    // Each pass has only what was written during the one before. When little is left, the writer,
    // who has to copy the rest itself, starts the log anew without being slow.
    auto const large = [this] { return wal_.frames > restart_frames; };
    for (int pass = 0; pass < 4 && copied && large(); ++pass) {
        if (wal_.frames - *copied < few_frames)
            break;
        copied = copy_log();
    }
    if (!copied)
        return;
    if (*copied >= wal_.frames)
        done_commits_ = commits;
    if (wal_.frames > must_restart_frames)
        wal_.restart_needed = true;
    if (large())
        wal_.restart_wanted = true;
}

/// How many pages of the log are in the data file; nothing where that failed.
std::optional<std::int64_t> Checkpointer::copy_log()
{
    int frames = 0, copied = 0;
    auto const code = sqlite3_wal_checkpoint_v2(
        connection_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &copied);
    if (code == SQLITE_OK || code == SQLITE_BUSY)
        return copied;
    // Nothing is lost: it stays in the log. Full disks are why, as a rule.
    log::warn("a checkpoint failed", {{"error", sqlite3_errmsg(connection_.handle())}});
    return std::nullopt;
}

}
