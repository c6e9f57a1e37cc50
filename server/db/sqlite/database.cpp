#include "db/engine.hpp"
#include "db/metrics.hpp"
#include "db/sqlite/checkpointer.hpp"
#include "db/sqlite/file_lock.hpp"
#include "db/sqlite/readers.hpp"
#include "db/sqlite/schema.hpp"
#include "db/sqlite/writer.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

namespace hermod::db::sqlite {

/// Completes what waits beyond its deadline although the disk hangs and no queue moves.
class DeadlineWatch {
public:
    DeadlineWatch(WorkQueue& writes, WorkQueue& reads) : writes_(writes), reads_(reads) { }
    ~DeadlineWatch() { close(); }

    void start()
    {
        thread_ = std::thread{[this] {
            pthread_setname_np(pthread_self(), "db-deadlines");
            std::unique_lock lock{mutex_};
            while (!changed_.wait_for(lock, milliseconds{100}, [this] { return stopping_; })) {
                writes_.drop_overdue();
                reads_.drop_overdue();
            }
        }};
    }

    void close()
    {
        {
            std::lock_guard const lock{mutex_};
            stopping_ = true;
        }
        changed_.notify_all();
        if (thread_.joinable())
            thread_.join();
    }

private:
    WorkQueue& writes_;
    WorkQueue& reads_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};

/// What is in it is for the owner alone; SQLite gives the -wal and -shm files the same mode.
static SqliteOptions const& with_private_file(SqliteOptions const& options)
{
    auto const fd = ::open(options.path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        ::close(fd); // a failure shows again, with its reason, where SQLite opens the file
    return options;
}

class SqliteDatabase final : public Database {
public:
    SqliteDatabase(SqliteOptions const& options, Clock& clock, Metrics& metrics)
        : clock_(clock)
        , lock_(options.path)
        , metrics_(metrics, "sqlite")
        , writer_(with_private_file(options), clock, metrics_)
        , checkpointer_(options, writer_.wal())
        , readers_(checked(options), clock, metrics_)
        , watch_(writer_.queue(), readers_.queue())
    {
        writer_.start();
        checkpointer_.start();
        readers_.start();
        watch_.start();
    }
    ~SqliteDatabase() override { close(); }

    Engine engine() const override { return Engine::sqlite; }
    Clock& clock() override { return clock_; }
    void on_commit(std::function<void(std::span<Committed const>)> listener) override
    {
        writer_.on_commit(std::move(listener));
    }

    void close() override
    {
        writer_.close();
        readers_.close();
        checkpointer_.close();
        watch_.close();
    }

    Task<void> ping() override
    {
        auto body = [](GlobalTx& tx) { tx.one<std::int64_t>("SELECT 1"); };
        co_await submit_system(GlobalBody{body}, false, Patience{.queued = seconds{2}});
    }

protected:
    Task<void> submit_write(WorkspaceId workspace, Body body, Patience patience) override
    {
        Work work{workspace, body, patience};
        co_await enter(writer_.queue(), work);
    }

    Task<void> submit_read(WorkspaceId workspace, Body body, Patience patience) override
    {
        Work work{workspace, body, patience};
        co_await enter(readers_.queue(), work);
    }

    Task<void> submit_system(GlobalBody body, bool write, Patience patience) override
    {
        Work work{body, patience};
        co_await enter(write ? writer_.queue() : readers_.queue(), work);
    }

private:
    static Task<void> enter(WorkQueue& queue, Work& work)
    {
        auto enqueue = [&](Work& entered) { return queue.push(entered); };
        co_await perform(work, enqueue);
    }

    /// Throws where the schema is not the one this binary knows.
    static SqliteOptions const& checked(SqliteOptions const& options)
    {
        Connection connection{options, Connection::Mode::read};
        SqliteSchema schema{connection};
        require_migrated(schema, options.migrations);
        return options;
    }

    Clock& clock_;
    FileLock lock_;
    DbMetrics metrics_;
    Writer writer_;
    Checkpointer checkpointer_;
    Readers readers_;
    DeadlineWatch watch_;
};

}

namespace hermod::db {

std::unique_ptr<Database> open_sqlite(SqliteOptions options, Clock& clock, Metrics& metrics)
{
    return std::make_unique<sqlite::SqliteDatabase>(options, clock, metrics);
}

Migrated migrate_sqlite(SqliteOptions const& options, Clock& clock)
{
    sqlite::FileLock const lock{options.path};
    sqlite::Connection connection{
        sqlite::with_private_file(options), sqlite::Connection::Mode::write};
    sqlite::SqliteSchema schema{connection};
    return migrate(schema, options.migrations, clock.now());
}

}
