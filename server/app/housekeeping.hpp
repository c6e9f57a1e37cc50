#pragma once

#include "app/config.hpp"
#include "base/task.hpp"
#include "db/database.hpp"

namespace hermod::app {

/// Removes, in small batches and for every workspace, what is kept no longer: events past their
/// retention, done jobs and deliveries, remembered client ids and idempotent answers. Runs until
/// cancelled.
Task<void> keep_house(db::Database& db, Clock& clock, Config const& config);

/// One round over every workspace.
Task<void> sweep_all(db::Database& db, Clock& clock, Config const& config);

}
