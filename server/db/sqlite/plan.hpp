#pragma once

#include <optional>
#include <string>

struct sqlite3;

namespace hermod::db::sqlite {

/// The table or index that the statement walks from end to end, as its plan calls it: a missing
/// index, however fast it is on a small table.
std::optional<std::string> find_scan(sqlite3* db, std::string const& sql);

}
