#include "admin/commands.hpp"
#include "app/open_database.hpp"

#include <fmt/format.h>

#include <ostream>

namespace hermod::admin {

void migrate(app::Config const& config, std::ostream& out)
{
    Clock clock;
    auto const migrated = app::migrate_database(config, clock);
    if (migrated.applied == 0)
        out << fmt::format("The schema is at step {}; nothing to do.\n", migrated.to);
    else
        out << fmt::format("The schema went from step {} to {}.\n", migrated.from, migrated.to);
}

}
