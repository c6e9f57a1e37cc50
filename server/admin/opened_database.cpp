#include "admin/opened_database.hpp"

#include "app/open_database.hpp"

namespace hermod::admin {

OpenedDatabase::OpenedDatabase(app::Config const& config)
{
    // On PostgreSQL the owner migrates, by `hermod migrate`.
    if (config.database.url.starts_with("sqlite:"))
        app::migrate_database(config, clock_);
    database_ = app::open_database(config, clock_, metrics_);
}

OpenedDatabase::~OpenedDatabase()
{
    database_->close();
}

}
