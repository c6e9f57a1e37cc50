#pragma once

#include "app/config.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "db/database.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace hermod::admin {

/// The configured database for one command: brought to this binary's schema where it is embedded,
/// opened, and closed at the end. An embedded one that a server holds open refuses.
class OpenedDatabase {
public:
    explicit OpenedDatabase(app::Config const& config);
    ~OpenedDatabase();
    OpenedDatabase(OpenedDatabase const&) = delete;
    OpenedDatabase& operator=(OpenedDatabase const&) = delete;

    /// Runs the task to its end and gives its value, or throws what it threw.
    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> value;
        run_blocking(io_, [&]() -> Task<void> { value.emplace(co_await std::move(task)); });
        return *std::move(value);
    }

    db::Database& database() { return *database_; }
    Clock& clock() { return clock_; }

private:
    Clock clock_;
    Metrics metrics_;
    asio::io_context io_{1};
    std::unique_ptr<db::Database> database_;
};

}
