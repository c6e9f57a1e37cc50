#pragma once

#include "base/time.hpp"
#include "db/database.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::db {

/// A file of server/migrations/: `NNNN_verb_noun.sql`, or `.sqlite.sql` and `.postgres.sql`.
struct SqlFile {
    std::string_view name;
    std::string_view text;
};

/// What this binary was built with, in order of name.
std::span<SqlFile const> embedded_migrations();

/// One step of the schema, for one engine.
struct Migration {
    std::int64_t number;
    std::string name; ///< the file's
    std::string checksum; ///< SHA-256 of the file as it is, in hex
    std::string sql; ///< with the engine's fragments uncommented
    bool in_transaction; ///< false where a line of the file is `-- no transaction`
};

/// The engine's steps by number. Throws OpenFailure for a misnamed or doubled file.
std::vector<Migration> migrations_for(Engine engine, std::span<SqlFile const> files);

/// `/*sqlite: … */` and `/*postgres: … */` become their inside for the named engine, else nothing.
std::string sql_for(Engine engine, std::string_view sql);

/// The single statements of a script; quotes, comments and `$tag$` bodies are understood.
std::vector<std::string> split_statements(std::string_view sql);

/// What a migration needs of a database. Throws on failure whatever std::exception tells why.
class SchemaConnection {
public:
    virtual ~SchemaConnection() = default;
    virtual Engine engine() const = 0;
    /// Waits until no other process migrates; held until the connection closes.
    virtual void lock() = 0;
    virtual void execute_script(std::string const& sql) = 0;
    /// Columns as text.
    virtual std::vector<std::vector<std::string>> query(std::string const& sql) = 0;
};

struct Migrated {
    std::int64_t from = 0; ///< number of the newest step before; 0: an empty database
    std::int64_t to = 0;
    std::size_t applied = 0;
};

/// Applies what is missing, each step in its own transaction with its line in `migrations`.
/// Throws OpenFailure: a step was changed after it was applied, the database has a step that this
/// binary does not know, a missing step is older than an applied one, or a step fails.
Migrated migrate(SchemaConnection& connection, std::span<SqlFile const> files, Timestamp now);

/// Changes nothing; throws OpenFailure as migrate does, and where a step is missing.
void require_migrated(SchemaConnection& connection, std::span<SqlFile const> files);

}
