#pragma once

#include "base/time.hpp"
#include "db/inspector.hpp"

#include <cstdint>
#include <iosfwd>

namespace hermod::admin {

struct Verified {
    std::int64_t workspaces = 0;
    std::int64_t findings = 0;
};

/// Holds what is stored against what must hold of it, workspace by workspace, each on one
/// snapshot: a line on `out` for whatever is wrong, how far it is on `progress`.
Verified verify_database(
    db::Inspector& inspector, Clock& clock, std::ostream& out, std::ostream& progress);

}
