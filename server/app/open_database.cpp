#include "app/open_database.hpp"

#include "app/folder.hpp"

#include <algorithm>
#include <thread>

namespace hermod::app {

static constexpr std::string_view sqlite_scheme = "sqlite:";

static db::SqliteOptions sqlite_options(std::string_view url, Config const& config)
{
    return {.path = std::string{url.substr(sqlite_scheme.size())},
        .readers = static_cast<std::size_t>(config.database.reader_threads)};
}

static db::PostgresOptions postgres_options(Config const& config)
{
    auto const cores = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, 8);
    auto const chosen = [&](int threads) {
        return threads > 0 ? static_cast<std::size_t>(threads) : cores;
    };
    return {.url = config.database.url,
        .migrate_url = config.database.migrate_url,
        .writers = chosen(config.database.writer_threads),
        .readers = chosen(config.database.reader_threads)};
}

std::unique_ptr<db::Database> open_database(Config const& config, Clock& clock, Metrics& metrics)
{
    auto const& url = config.database.url;
    if (!url.starts_with(sqlite_scheme))
        return db::open_postgres(postgres_options(config), clock, metrics);
    return db::open_sqlite(sqlite_options(url, config), clock, metrics);
}

db::Migrated migrate_database(Config const& config, Clock& clock)
{
    auto const& url = config.database.migrate_url;
    if (!url.starts_with(sqlite_scheme))
        return db::migrate_postgres(postgres_options(config), clock);
    auto const options = sqlite_options(url, config);
    auto const folder = std::filesystem::path{options.path}.parent_path();
    make_folder(folder.empty() ? "." : folder, "database.url");
    return db::migrate_sqlite(options, clock);
}

}
