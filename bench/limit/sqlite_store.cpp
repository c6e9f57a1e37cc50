#include "limit/store.hpp"
#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

namespace hermod::bench {

namespace {

class Connection {
public:
    explicit Connection(std::string const& path)
    {
        auto const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
        if (sqlite3_open_v2(path.c_str(), &db_, flags, nullptr) != SQLITE_OK)
            throw std::runtime_error{fmt::format("cannot open {}", path)};
        sqlite3_busy_timeout(db_, 5000);
        run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
            "PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864;"
            "PRAGMA secure_delete = OFF; PRAGMA cache_size = -65536;");
    }
    ~Connection() { sqlite3_close_v2(db_); }
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    void run(char const* sql)
    {
        if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
            throw std::runtime_error{sqlite3_errmsg(db_)};
    }
    sqlite3* handle() { return db_; }

private:
    sqlite3* db_ = nullptr;
};

/// A prepared statement; parameters are bound by position, from 1.
class Prepared {
public:
    Prepared(Connection& connection, std::string_view sql) : db_(connection.handle())
    {
        if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                SQLITE_PREPARE_PERSISTENT, &statement_, nullptr)
            != SQLITE_OK)
            throw std::runtime_error{sqlite3_errmsg(db_)};
    }
    ~Prepared() { sqlite3_finalize(statement_); }
    Prepared(Prepared const&) = delete;
    Prepared& operator=(Prepared const&) = delete;

    template <class... Values>
    void operator()(Values const&... values)
    {
        int position = 0;
        (bind(++position, values), ...);
        auto const code = sqlite3_step(statement_);
        sqlite3_reset(statement_);
        if (code != SQLITE_DONE)
            throw std::runtime_error{sqlite3_errmsg(db_)};
    }

private:
    void bind(int at, std::int64_t value) { sqlite3_bind_int64(statement_, at, value); }
    void bind(int at, Uuid const& value)
    {
        sqlite3_bind_blob(statement_, at, value.data(), sizeof value, SQLITE_STATIC);
    }
    void bind(int at, std::string const& value)
    {
        sqlite3_bind_text(
            statement_, at, value.data(), static_cast<int>(value.size()), SQLITE_STATIC);
    }

    sqlite3* db_;
    sqlite3_stmt* statement_ = nullptr;
};

/// Copies the log into the database every 100 ms, and says when it has grown too long.
class Checkpointer {
public:
    explicit Checkpointer(std::string const& path) : connection_(path), thread_([this] { run(); })
    {
    }
    ~Checkpointer()
    {
        {
            std::lock_guard const lock{mutex_};
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

    /// Once for each time that the log was found too long.
    bool wants_restart() { return restart_wanted_.exchange(false); }

private:
    void run()
    {
        std::unique_lock lock{mutex_};
        while (!changed_.wait_for(
            lock, std::chrono::milliseconds{100}, [this] { return stopping_; })) {
            int frames = 0;
            sqlite3_wal_checkpoint_v2(
                connection_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, nullptr);
            if (std::int64_t{frames} * 4096 > std::int64_t{64} << 20)
                restart_wanted_ = true;
        }
    }

    Connection connection_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::atomic<bool> restart_wanted_ = false;
    std::thread thread_; // last: it uses all the others
};

class SqliteStore final : public Store {
public:
    explicit SqliteStore(std::string const& path) : connection_(path), checkpointer_(path) { }

    void write(std::span<Rows const> batch, Messages& messages) override
    {
        auto const& world = messages.world();
        auto const& workspace = world.workspace.bytes();
        auto const& author = world.author.bytes();
        begin_();
        for (auto const& rows : batch) {
            auto const& conversation = world.conversations[rows.conversation].bytes();
            insert_event_(workspace, rows.offset, rows.event_id, conversation, rows.event_data,
                rows.created_at.us);
            insert_message_(workspace, conversation, rows.seq, rows.message_id, rows.rev, author,
                rows.content, rows.offset, rows.created_at.us);
        }
        auto const heads = messages.heads();
        for (std::size_t i = 0; i < heads.size(); ++i) {
            auto& head = heads[i];
            if (!std::exchange(head.dirty, false))
                continue;
            auto const& conversation = world.conversations[i].bytes();
            update_head_(
                head.seq, head.rev, head.last_offset, head.updated_at, workspace, conversation);
            update_cursors_(head.seq, workspace, conversation, author);
        }
        update_counter_(messages.offset(), workspace);
        commit_();
        if (checkpointer_.wants_restart())
            sqlite3_wal_checkpoint_v2(
                connection_.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
    }

private:
    Connection connection_;
    Checkpointer checkpointer_;
    Prepared begin_{connection_, "BEGIN IMMEDIATE"};
    Prepared commit_{connection_, "COMMIT"};
    Prepared insert_event_{connection_,
        "INSERT INTO events (workspace_id, log_offset, id, type, conversation_id, person_id, data,"
        " created_at) VALUES (?1, ?2, ?3, 'message.created', ?4, NULL, ?5, ?6)"};
    Prepared insert_message_{connection_,
        "INSERT INTO messages (workspace_id, conversation_id, seq, id, created_rev, rev, author_id,"
        " type, content, visibility, silent, metadata, log_offset, created_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, 'text', ?7, 'all', 0, '{}', ?8, ?9)"};
    Prepared update_head_{connection_,
        "UPDATE conversation_heads SET seq = ?1, rev = ?2, last_offset = ?3, activity_offset = ?3,"
        " updated_at = ?4 WHERE workspace_id = ?5 AND conversation_id = ?6"};
    Prepared update_cursors_{connection_,
        "UPDATE cursors SET recv_seq = ?1, read_seq = ?1"
        " WHERE workspace_id = ?2 AND conversation_id = ?3 AND person_id = ?4"};
    Prepared update_counter_{
        connection_, "UPDATE workspace_counters SET event_offset = ?1 WHERE workspace_id = ?2"};
};

}

std::unique_ptr<Store> open_sqlite_store(std::string const& path)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    return std::make_unique<SqliteStore>(path);
}

}
