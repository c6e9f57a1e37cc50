#pragma once

#include "base/task.hpp"
#include "db/database.hpp"

#include <span>
#include <string_view>

namespace hermod::admin {

/// What must happen to a database that is an earlier one again, before a server runs on it: clients
/// start anew, nothing is sent until an operator says so, and accounts of connectors that link a
/// device, whose session has moved on since, are to be linked again.
Task<void> mark_restored(db::Database& db, std::span<std::string_view const> linking_connectors);

/// The connectors that link a device.
std::span<std::string_view const> linking_connectors();

}
