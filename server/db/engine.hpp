#pragma once

#include "base/metrics.hpp"
#include "db/database.hpp"
#include "db/failures.hpp"
#include "db/migrator.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace hermod::db {

struct SqliteOptions {
    std::string path; ///< of the data file; beside it stand -wal, -shm and .lock
    std::size_t readers = 0; ///< connections that read; 0: one per core
    /// False keeps no promise after a power cut (a killed process loses nothing): for tests.
    bool synchronous = true;
    /// Under load, commits begin at least this far apart; a lone write never waits.
    microseconds commit_interval{1500};
    std::size_t batch_limit = 1024; ///< λs of one commit
    microseconds batch_time{5000}; ///< after this no further λ joins the batch
    std::size_t queue_limit = 65'536; ///< λs that wait; one more gets 503 `overloaded`
    std::int64_t max_pages = 0; ///< of 4 KiB: the file never grows beyond; 0: no limit
    bool refuse_scans = false; ///< a statement that walks a tenant table throws: for tests
    std::span<SqlFile const> migrations = embedded_migrations(); ///< the schema
};

struct PostgresOptions {
    std::string url; ///< of the role that serves: neither owner nor superuser
    std::string migrate_url; ///< of the owner; empty: `url`
    std::size_t writers = 2; ///< connections, each with its thread
    std::size_t readers = 0; ///< connections that read; 0: one per core
    std::size_t batch_limit = 256; ///< λs of one commit
    microseconds batch_time{20'000}; ///< after this no further λ joins the batch
    std::size_t queue_limit = 65'536; ///< λs that wait; one more gets 503 `overloaded`
    bool prefetch = true; ///< finds out what a batch will read and asks for it at once
    std::span<SqlFile const> migrations = embedded_migrations();
};

/// Throw OpenFailure, also where the schema is not the one of `options.migrations`.
std::unique_ptr<Database> open_sqlite(SqliteOptions options, Clock& clock, Metrics& metrics);
std::unique_ptr<Database> open_postgres(PostgresOptions options, Clock& clock, Metrics& metrics);

/// Whether the login of `migrate_url` owns what is there, or, of an empty schema, may make it.
/// Throws OpenFailure where the database cannot be reached.
bool may_migrate_postgres(PostgresOptions const& options);

/// Bring the schema to `options.migrations`. Throw OpenFailure.
Migrated migrate_sqlite(SqliteOptions const& options, Clock& clock);
Migrated migrate_postgres(PostgresOptions const& options, Clock& clock);

}
