#pragma once

#include "limit/rows.hpp"

#include <memory>
#include <span>
#include <string>

namespace hermod::bench {

/// Writes a batch in one durable transaction. Throws std::runtime_error where it cannot.
class Store {
public:
    virtual ~Store() = default;
    /// The rows, and each dirty head and the workspace's counter once.
    virtual void write(std::span<Rows const> batch, Messages& messages) = 0;
};

/// As the server tunes it (server/db/sqlite), checkpoints in their own thread included.
std::unique_ptr<Store> open_sqlite_store(std::string const& path);

/// One connection in pipeline mode: BEGIN, the rows, COMMIT, one Sync.
std::unique_ptr<Store> open_postgres_store(std::string const& url);

}
