#include "admin/embedded.hpp"

#include "app/open_database.hpp"

#include <fmt/format.h>

#include <ostream>

namespace hermod::admin {

std::string require_embedded(app::Config const& config, std::string_view command)
{
    auto const path = app::embedded_file(config);
    if (!path)
        throw app::ConfigError{fmt::format("`hermod {}` is for the embedded database; PostgreSQL "
                                           "has its own tools: see docs/operate/backup.md",
            command)};
    return *path;
}

void CopyProgress::operator()(std::int64_t done, std::int64_t all)
{
    auto const tenths = all == 0 ? 10 : static_cast<int>(done * 10 / all);
    if (tenths <= told_)
        return;
    told_ = tenths;
    out_ << fmt::format("copied {} % of {:.1f} MB\n", tenths * 10, static_cast<double>(all) / 1e6)
         << std::flush;
}

}
