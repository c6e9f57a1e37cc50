#pragma once

#include "app/config.hpp"
#include "db/engine.hpp"
#include "db/inspector.hpp"

#include <memory>
#include <optional>
#include <string>

namespace hermod::app {

/// The database that `database.url` names. Throws db::OpenFailure and ConfigError, each one line
/// for the operator; also where the schema is not this binary's: see migrate_database.
std::unique_ptr<db::Database> open_database(Config const& config, Clock& clock, Metrics& metrics);

/// A look at the same database, also while a server runs on it. Throws as open_database does.
std::unique_ptr<db::Inspector> inspect_database(Config const& config, Clock& clock);

/// The file of an embedded database; nothing where `database.url` names PostgreSQL.
std::optional<std::string> embedded_file(Config const& config);

/// Brings the schema to this binary's, as `database.migrate_url`. Of an embedded database the
/// folder must be there, unless it is `data_dir`, which is made. Throws as open_database does.
db::Migrated migrate_database(Config const& config, Clock& clock);

/// What a server does with the schema at its start: migrates it where it may. A login that serves a
/// PostgreSQL schema of another owner, and was given no `database.migrate_url`, leaves it alone;
/// open_database then says what `hermod migrate` has to do.
void prepare_database(Config const& config, Clock& clock);

}
