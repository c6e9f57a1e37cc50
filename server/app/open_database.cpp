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

std::optional<std::string> embedded_file(Config const& config)
{
    auto const& url = config.database.url;
    return url.starts_with(sqlite_scheme) ? std::optional{url.substr(sqlite_scheme.size())}
                                          : std::nullopt;
}

std::unique_ptr<db::Database> open_database(Config const& config, Clock& clock, Metrics& metrics)
{
    auto const& url = config.database.url;
    if (!url.starts_with(sqlite_scheme))
        return db::open_postgres(postgres_options(config), clock, metrics);
    return db::open_sqlite(sqlite_options(url, config), clock, metrics);
}

std::unique_ptr<db::Inspector> inspect_database(Config const& config, Clock& clock)
{
    auto const& url = config.database.url;
    if (!url.starts_with(sqlite_scheme))
        return db::inspect_postgres(postgres_options(config), clock);
    return db::inspect_sqlite(sqlite_options(url, config), clock);
}

/// The data folder is ours to make; any other that is missing is more likely a slip of the pen.
static void require_folder(std::filesystem::path const& file, Config const& config)
{
    auto const parent = file.parent_path();
    auto const folder = parent.empty() ? std::filesystem::path{"."} : parent;
    std::error_code error;
    auto const is_ours = folder.lexically_normal()
        == std::filesystem::path{config.data_dir + "/"}.lexically_normal().parent_path();
    if (!is_ours && !std::filesystem::is_directory(folder, error))
        throw ConfigError{"database.url: the folder " + folder.string() + " does not exist"};
    make_folder(folder, "database.url");
}

db::Migrated migrate_database(Config const& config, Clock& clock)
{
    auto const& url = config.database.migrate_url;
    if (!url.starts_with(sqlite_scheme))
        return db::migrate_postgres(postgres_options(config), clock);
    auto const options = sqlite_options(url, config);
    require_folder(options.path, config);
    return db::migrate_sqlite(options, clock);
}

void prepare_database(Config const& config, Clock& clock)
{
    auto const& database = config.database;
    auto const embedded = database.url.starts_with(sqlite_scheme);
    if (embedded || database.migrate_url != database.url
        || db::may_migrate_postgres(postgres_options(config)))
        migrate_database(config, clock);
}

}
