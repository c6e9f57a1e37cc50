#include "app/folder.hpp"

#include "app/config.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hermod::app {

namespace fs = std::filesystem;

void make_folder(fs::path const& folder, std::string_view key)
{
    auto const refused = [&](std::string const& why) {
        return ConfigError{
            fmt::format("{}: the folder {} cannot be written: {}", key, folder.string(), why)};
    };
    std::error_code error;
    if (fs::create_directories(folder, error))
        fs::permissions(folder, fs::perms::owner_all, error);
    if (error)
        throw refused(error.message());
    if (access(folder.c_str(), W_OK | X_OK) != 0)
        throw refused(std::strerror(errno));
}

}
