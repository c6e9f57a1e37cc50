#pragma once

#include <filesystem>
#include <string_view>

namespace hermod::app {

/// Makes the folder that `key` of the configuration names, for its owner alone, unless it is there.
/// Throws ConfigError where it cannot be written.
void make_folder(std::filesystem::path const& folder, std::string_view key);

}
