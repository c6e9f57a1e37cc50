#pragma once

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "base/time.hpp"
#include "db/database.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace hermod::testing {

/// A world for use cases: a migrated SQLite database of its own, a clock that stands still until
/// the test moves it, no sockets. Everything runs on the test's thread but the database. Features
/// derive their fixture from it and say with `on_new_workspace` what a workspace needs.
class World : public ::testing::Test {
protected:
    World();
    ~World() override;

    /// Runs the task to its end and gives its value, or throws what it threw.
    template <class T>
    T run(Task<T> task)
    {
        if constexpr (std::is_void_v<T>) {
            run_blocking(io, [&]() -> Task<void> { co_await std::move(task); });
        } else {
            std::optional<T> value;
            run_blocking(io, [&]() -> Task<void> { value.emplace(co_await std::move(task)); });
            return *std::move(value);
        }
    }

    /// One transaction of `workspace`: `write(w, [&](db::Tx& tx) { … })`.
    template <class F>
    auto write(WorkspaceId const& workspace, F&& body)
    {
        return run(db.write(workspace, body));
    }
    template <class F>
    auto read(WorkspaceId const& workspace, F&& body)
    {
        return run(db.read(workspace, body));
    }

    /// Runs what is ready on the io thread until `done()`; false after 10 s of real time.
    bool drive_until(std::function<bool()> const& done);

    /// What each new workspace needs, in the order given.
    void on_new_workspace(std::function<void(db::Tx&)> step);
    WorkspaceId make_workspace();

    FakeClock clock;
    Metrics metrics;
    asio::io_context io{1};

private:
    std::string path_;
    std::unique_ptr<db::Database> database_;
    std::vector<std::function<void(db::Tx&)>> workspace_steps_;

protected:
    db::Database& db;
};

/// The code of the Problem that `body` throws, else what happened instead.
std::string outcome_of(std::function<void()> const& body);

/// `EXPECT_PROBLEM(run(send_message(…)), Errc::not_found)`.
#define EXPECT_PROBLEM(expression, errc)                                                           \
    EXPECT_EQ(::hermod::testing::outcome_of([&] { static_cast<void>(expression); }),               \
        ::hermod::info(errc).name)

/// A folder of this process that is removed at its end; in memory where the machine allows.
std::string const& scratch_folder();

}
