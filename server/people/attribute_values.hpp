#pragma once

#include "people/people.hpp"

#include <optional>
#include <string>
#include <vector>

/// Attributes as a whole: JSON objects put together and taken apart.
namespace hermod::people {

/// Adds the keys of `from` that `to` lacks, and returns them; nothing, and `to` as it was, where
/// both together are too long.
std::optional<std::vector<std::string>> add_missing_attributes(
    Attributes& to, Attributes const& from);

/// Takes these keys away where their value is that of `as_in`.
void remove_equal_attributes(
    Attributes& from, Attributes const& as_in, std::vector<std::string> const& keys);

/// Replaces or adds the keys of `values`; false, and `to` as it was, where it gets too long.
bool set_attributes(Attributes& to, json::object const& values);

}
