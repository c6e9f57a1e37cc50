#pragma once

#include "db/metrics.hpp"
#include "db/sqlite/connection.hpp"
#include "db/work_queue.hpp"

#include <memory>
#include <thread>
#include <vector>

namespace hermod::db::sqlite {

/// Threads with a read-only connection each. A λ sees one snapshot, and has 2 s.
class Readers {
public:
    Readers(SqliteOptions const& options, Clock& clock, DbMetrics const& metrics);
    ~Readers() { close(); }

    WorkQueue& queue() { return queue_; }
    void start();
    void close(); ///< finishes what is queued, then joins

private:
    void work_off(Connection& connection);
    void run_one(Connection& connection, HotRows& hot_rows, Work& work);

    Clock& clock_;
    DbMetrics metrics_;
    WorkQueue queue_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::vector<std::thread> threads_;
};

}
