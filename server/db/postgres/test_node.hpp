#pragma once

#include "db/conformance.hpp"

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <type_traits>

namespace hermod::db::postgres {

inline PostgresOptions options_of(std::string const& url)
{
    PostgresOptions options{.url = url, .migrate_url = {}};
    options.migrations = conformance_schema();
    return options;
}

/// A process with a database: io threads, coroutines, the engine.
class Node {
public:
    explicit Node(PostgresOptions const& options) : db(open_postgres(options, clock, metrics))
    {
        io.start();
    }
    ~Node()
    {
        db->close();
        tasks.stop();
        io.stop();
    }

    template <class F>
    auto write(WorkspaceId workspace, F body, Patience patience = {})
    {
        using Value = std::invoke_result_t<F&, Tx&>;
        return run<Value>(
            [&]() -> Task<Value> { co_return co_await db->write(workspace, body, patience); });
    }
    template <class F>
    auto read(WorkspaceId workspace, F body, Patience patience = {})
    {
        using Value = std::invoke_result_t<F&, Tx const&>;
        return run<Value>(
            [&]() -> Task<Value> { co_return co_await db->read(workspace, body, patience); });
    }
    /// Beside the test; wait_for_all before what it refers to goes.
    void spawn(std::function<Task<void>()> body)
    {
        ++running_;
        tasks.spawn(io.at(0), "test", [this, body = std::move(body)]() -> Task<void> {
            co_await body();
            --running_;
            running_.notify_all();
        });
    }
    void wait_for_all()
    {
        for (auto running = running_.load(); running != 0; running = running_.load())
            running_.wait(running);
    }
    bool is_busy() const { return running_ != 0; }

    Clock clock;
    Metrics metrics;
    IoThreads io{1};
    Tasks tasks;
    std::unique_ptr<Database> db;

private:
    std::atomic<int> running_{0};

    template <class R, class Start>
    R run(Start start)
    {
        std::promise<void> ended;
        std::optional<std::conditional_t<std::is_void_v<R>, int, R>> value;
        spawn([&]() -> Task<void> {
            std::exception_ptr error;
            try {
                if constexpr (std::is_void_v<R>)
                    co_await start();
                else
                    value.emplace(co_await start());
            } catch (...) {
                error = std::current_exception();
            }
            if (error)
                ended.set_exception(error);
            else
                ended.set_value();
        });
        ended.get_future().get();
        if constexpr (!std::is_void_v<R>)
            return *std::move(value);
    }
};

}
