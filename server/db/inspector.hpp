#pragma once

#include "db/engine.hpp"

#include <memory>
#include <string>
#include <vector>

namespace hermod::db {

/// A connection of its own for the commands that look at a database, whether a server runs on it or
/// not: what is read neither waits for the server nor holds it up, however long it takes.
class Inspector {
public:
    virtual ~Inspector() = default;
    /// λ on one snapshot of the workspace. Throws Problem{storage_unavailable} where the database
    /// fails.
    virtual void read(WorkspaceId const& workspace, FunctionRef<void(Tx const&)> body) = 0;
    virtual void read_global(FunctionRef<void(GlobalTx const&)> body) = 0;
    /// What the engine itself finds wrong with its files, in its own words.
    virtual std::vector<std::string> file_faults() = 0;
};

/// Throw OpenFailure, also where the schema is not the one of `options.migrations`.
std::unique_ptr<Inspector> inspect_sqlite(SqliteOptions const& options, Clock& clock);
std::unique_ptr<Inspector> inspect_postgres(PostgresOptions const& options, Clock& clock);

/// One write of the global tables of an embedded database, which a server may hold open. Throws
/// OpenFailure, or what `body` throws.
void write_beside_sqlite(
    SqliteOptions const& options, Clock& clock, FunctionRef<void(GlobalTx&)> body);

}
