#pragma once

#include "db/engine.hpp"
#include "db/metrics.hpp"
#include "db/postgres/connection.hpp"
#include "db/work_queue.hpp"

#include <thread>
#include <vector>

namespace hermod::db::postgres {

/// The threads that read, each with a connection: a λ is one read-only transaction on a snapshot,
/// which begins with its first statement and at whose end nobody waits.
class Readers {
public:
    Readers(PostgresOptions const& options, Statements& statements, Clock& clock,
        DbMetrics const& metrics);
    ~Readers();

    WorkQueue& queue() { return queue_; }
    void start();
    void close();

private:
    class Thread;

    PostgresOptions const options_;
    Statements& statements_;
    Clock& clock_;
    DbMetrics metrics_;
    WorkQueue queue_;
    StopSignal never_;
    std::vector<std::thread> threads_;
};

}
