#include "db/sqlite/readers.hpp"

#include <pthread.h>

#include <algorithm>

namespace hermod::db::sqlite {

using std::chrono::steady_clock;

static constexpr seconds time_limit{2};

Readers::Readers(SqliteOptions const& options, Clock& clock, DbMetrics const& metrics)
    : clock_(clock)
    , metrics_(metrics)
    , queue_(options.queue_limit, metrics.read_queue, metrics.dropped)
{
    auto const cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
    auto const count = options.readers > 0 ? options.readers : cores;
    for (std::size_t i = 0; i < count; ++i)
        connections_.push_back(std::make_unique<Connection>(options, Connection::Mode::read));
}

void Readers::start()
{
    for (auto const& connection : connections_)
        threads_.emplace_back([this, &connection] {
            pthread_setname_np(pthread_self(), "db-reader");
            work_off(*connection);
        });
}

void Readers::close()
{
    queue_.close();
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

void Readers::work_off(Connection& connection)
{
    HotRows hot_rows{connection};
    std::vector<Work*> taken;
    while (!queue_.finished()) {
        taken.clear();
        if (!queue_.take(taken, 1))
            continue;
        run_one(connection, hot_rows, *taken.front());
        Completions{}.add(*taken.front());
    }
}

void Readers::run_one(Connection& connection, HotRows& hot_rows, Work& work)
{
    auto const started = steady_clock::now();
    connection.begin_lambda();
    connection.limit_time(started + time_limit);
    try {
        connection.control("BEGIN");
        work.run(connection, hot_rows, clock_.now());
        connection.end_lambda();
        connection.control("COMMIT");
    } catch (...) {
        work.error = std::current_exception();
    }
    connection.limit_time(Work::Time::max()); // so that the end of the transaction always runs
    try {
        connection.roll_back();
    } catch (Problem const&) {
        // The next BEGIN tells.
    }
    hot_rows.clear();
    auto const took = std::chrono::duration<double>{steady_clock::now() - started};
    metrics_.read_seconds.observe(took.count());
}

}
