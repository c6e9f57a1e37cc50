#include "db/sqlite/backup.hpp"

#include "admin/commands.hpp"
#include "app/open_database.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>

namespace hermod::admin {

using db::sqlite::Existing;

std::string require_embedded(app::Config const& config, std::string_view command)
{
    auto const path = app::embedded_file(config);
    if (!path)
        throw app::ConfigError{fmt::format("`hermod {}` is for the embedded database; PostgreSQL "
                                           "has its own tools: see docs/operate/backup.md",
            command)};
    return *path;
}

CopyProgress::CopyProgress(std::ostream& out) : out_(out) { }

void CopyProgress::operator()(std::int64_t done, std::int64_t all)
{
    auto const tenths = all == 0 ? 10 : static_cast<int>(done * 10 / all);
    if (tenths <= told_)
        return;
    told_ = tenths;
    out_ << fmt::format("copied {} % of {:.1f} MB\n", tenths * 10, static_cast<double>(all) / 1e6)
         << std::flush;
}

void backup(app::Config const& config, BackupRequest const& request, std::ostream& err)
{
    auto const database = require_embedded(config, "backup");
    auto const taken = [&] {
        return app::ConfigError{
            fmt::format("{} is there already; --force replaces it", request.file)};
    };
    if (!request.force && std::filesystem::exists(request.file))
        throw taken();
    auto const partial = request.file + ".partial";
    db::sqlite::remove_database(partial); // of one that was cut short
    CopyProgress progress{err};
    db::sqlite::copy_database(database, partial, progress);
    if (!db::sqlite::publish_file(
            partial, request.file, request.force ? Existing::replace : Existing::keep)) {
        db::sqlite::remove_database(partial);
        throw taken();
    }
    err << fmt::format("{} is whole and on disk. The master key is not in it: without the key the "
                       "credentials of accounts are lost, so keep a copy of it apart.\n",
        request.file);
}

}
