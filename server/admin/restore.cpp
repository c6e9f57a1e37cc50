#include "admin/commands.hpp"
#include "admin/embedded.hpp"
#include "admin/restored.hpp"
#include "admin/verify/verify.hpp"
#include "app/folder.hpp"
#include "db/failures.hpp"
#include "db/sqlite/backup.hpp"
#include "db/sqlite/file_lock.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>

namespace hermod::admin {

namespace {

/// A database under way to its place; gone with what is beside it unless it gets there.
class Fresh {
public:
    explicit Fresh(std::string path) : path_(std::move(path)) { remove(); }
    ~Fresh() { remove(); }
    Fresh(Fresh const&) = delete;
    Fresh& operator=(Fresh const&) = delete;

    std::string const& path() const { return path_; }

private:
    void remove() const { db::sqlite::remove_database(path_); }

    std::string path_;
};

}

static void require_ours(std::string const& file)
{
    if (!db::sqlite::is_ours(file))
        throw db::OpenFailure{fmt::format("{} is a database of something else", file)};
}

static Verified require_good(
    db::SqliteOptions const& options, BackupRequest const& request, Clock& clock, std::ostream& err)
{
    auto const inspector = db::inspect_sqlite(options, clock);
    auto const verified = verify_database(*inspector, clock, err, err);
    if (verified.findings > 0 && !request.force)
        throw db::OpenFailure{
            fmt::format("{} has {} faults, told above; --force restores it all the same",
                request.file, verified.findings)};
    return verified;
}

static void mark(db::SqliteOptions const& options, Clock& clock)
{
    Metrics metrics;
    asio::io_context io{1};
    auto const database = db::open_sqlite(options, clock, metrics);
    run_blocking(io, [&] { return mark_restored(*database, linking_connectors()); });
    database->close();
}

void restore(app::Config const& config, BackupRequest const& request, std::ostream& err)
{
    auto const path = require_embedded(config, "restore");
    if (!std::filesystem::is_regular_file(request.file))
        throw app::ConfigError{fmt::format("there is no file {}", request.file)};
    app::make_folder(config.data_dir, "data_dir");
    db::sqlite::FileLock const lock{path}; // no server runs, nor starts meanwhile
    Clock clock;
    Fresh const fresh{path + ".restoring"};
    CopyProgress progress{err};
    require_ours(request.file);
    db::sqlite::copy_database(request.file, fresh.path(), progress);
    db::SqliteOptions const options{.path = fresh.path(), .readers = 1};
    db::migrate_sqlite(options, clock);
    auto const verified = require_good(options, request, clock, err);
    mark(options, clock);
    db::sqlite::replace_database(fresh.path(), path);
    err << fmt::format("Restored {} workspaces from {}; what was there before is {}.replaced.\n"
                       "Clients start anew, and nothing is sent until `hermod admin resume`.\n",
        verified.workspaces, request.file, path);
}

}
