#pragma once

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "db/engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <type_traits>
#include <vector>

namespace hermod::db {

/// What the suite needs to know of an engine. A database is named by its location, so that a child
/// process can open it too.
struct EngineUnderTest {
    std::string name;
    std::function<std::string()> create; ///< a new database with conformance_schema()
    std::function<std::unique_ptr<Database>(std::string const&, Clock&, Metrics&)> open;
    std::function<void(std::string const&)> drop;
};

inline void PrintTo(EngineUnderTest const& engine, std::ostream* out)
{
    *out << engine.name;
}

/// Tables `things`, `counters`, `lines` (tenant) and `instance` (global).
std::span<SqlFile const> conformance_schema();

/// What every engine promises. Instantiate once per engine:
///   INSTANTIATE_TEST_SUITE_P(Sqlite, Conformance, ::testing::Values(engine), engine_name);
class Conformance : public ::testing::TestWithParam<EngineUnderTest> {
protected:
    using Body = std::function<Task<void>()>;

    Conformance();
    ~Conformance() override;

    /// On an io thread, to its end; throws what it throws.
    void run(Body body, std::size_t thread = 0);
    template <class T>
    T get(std::function<Task<T>()> body)
    {
        std::optional<T> value;
        run([&]() -> Task<void> { value.emplace(co_await body()); });
        return *std::move(value);
    }

    /// λ in a transaction of its own, waited for.
    template <class F>
    auto write(WorkspaceId const& workspace, F body)
    {
        return in_transaction<std::invoke_result_t<F&, Tx&>>(
            [&] { return db->write(workspace, body); });
    }
    template <class F>
    auto read(WorkspaceId const& workspace, F body)
    {
        return in_transaction<std::invoke_result_t<F&, Tx const&>>(
            [&] { return db->read(workspace, body); });
    }

    /// Queues the bodies in order while a λ holds the writer, so that they share a batch; then lets
    /// it go. What each threw, or null. `while_held` runs before.
    std::vector<std::exception_ptr> run_queued(WorkspaceId const& workspace,
        std::vector<Body> const& bodies, std::function<void()> const& while_held = {});
    /// The usual body: a transaction of the workspace.
    Body writing(WorkspaceId const& workspace, std::function<void(Tx&)> lambda);

    /// Closes and opens again.
    void reopen();
    WorkspaceId new_workspace();
    /// Whose λs wait in the same queue as those of `other`.
    WorkspaceId new_workspace_beside(WorkspaceId const& other);

    Clock clock;
    Metrics metrics;
    IoThreads io{2};
    Tasks tasks;
    std::string location;
    std::unique_ptr<Database> db;

private:
    template <class R, class Start>
    R in_transaction(Start start)
    {
        if constexpr (std::is_void_v<R>)
            run([&]() -> Task<void> { co_await start(); });
        else
            return get<R>([&]() -> Task<R> { co_return co_await start(); });
    }
};

inline std::string engine_name(::testing::TestParamInfo<EngineUnderTest> const& info)
{
    return info.param.name;
}

/// `problem code`, `constraint violation`, `nothing` or what(): of what a body threw.
std::string name_of(std::exception_ptr const& error);

/// A λ that waits in the database thread until it is let go, and may run twice.
class Gate {
public:
    void hold()
    {
        entered_ = true;
        entered_.notify_all();
        open_.wait(false);
    }
    void wait_until_held() { entered_.wait(false); }
    void open()
    {
        open_ = true;
        open_.notify_all();
    }

private:
    std::atomic<bool> entered_{false};
    std::atomic<bool> open_{false};
};

}
