#pragma once

#include "base/errors.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {

/// One `{…}` of a path: what the value must look like, and the code where there is no such thing.
struct PathId {
    std::string name;
    std::string_view prefix; ///< of an id; empty for a value of another kind
    Errc not_found = Errc::route_not_found;
};

/// The values of a path that name a resource by its id, by their names: `{person_id}`.
std::vector<PathId> ids_in_path(std::string_view path);
/// Every value of a path, ids or not.
std::vector<PathId> values_in_path(std::string_view path);

}
