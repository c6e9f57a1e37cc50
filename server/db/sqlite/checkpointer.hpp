#pragma once

#include "db/sqlite/connection.hpp"
#include "db/sqlite/writer.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace hermod::db::sqlite {

/// Copies the write-ahead log into the data file in its own thread: in the writer's it would be
/// the slowest commits (5 to 14 ms).
class Checkpointer {
public:
    Checkpointer(SqliteOptions const& options, WalState& wal);
    ~Checkpointer() { close(); }
    void start();
    void close();

private:
    void run();
    void checkpoint();
    std::optional<std::int64_t> copy_log();

    WalState& wal_;
    Connection connection_;
    std::int64_t done_commits_ = 0; ///< all of these are in the data file
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    std::thread thread_;
};

}
