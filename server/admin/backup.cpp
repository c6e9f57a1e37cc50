#include "db/sqlite/backup.hpp"

#include "admin/commands.hpp"
#include "admin/embedded.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>

namespace hermod::admin {

using db::sqlite::Existing;

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
