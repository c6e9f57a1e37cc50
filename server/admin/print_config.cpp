#include "admin/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace hermod::admin {

void print_config(app::LoadedConfig const& loaded, std::ostream& out)
{
    std::size_t width = 0;
    for (auto const& setting : loaded.settings)
        width = std::max(width, setting.key.size() + setting.value.size());
    for (auto const& setting : loaded.settings) {
        auto const line = fmt::format("{} = {}", setting.key, setting.value);
        out << fmt::format(
            "{:<{}}  # {}\n", line, std::min<std::size_t>(width + 3, 72), setting.source);
    }
}

}
