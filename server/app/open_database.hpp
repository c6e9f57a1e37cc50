#pragma once

#include "app/config.hpp"
#include "db/engine.hpp"

#include <memory>

namespace hermod::app {

/// The database that `database.url` names; the folder of an embedded one is made. Throws
/// db::OpenFailure and ConfigError, each one line for the operator; also where the schema is not
/// this binary's: see migrate_database.
std::unique_ptr<db::Database> open_database(Config const& config, Clock& clock, Metrics& metrics);

/// Brings the schema to this binary's, as `database.migrate_url`. Throws as open_database does.
db::Migrated migrate_database(Config const& config, Clock& clock);

}
