#include "db/sqlite/backup.hpp"

#include "db/failures.hpp"
#include "db/sqlite/connection.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace hermod::db::sqlite {

namespace fs = std::filesystem;

static constexpr int pages_at_once = 2048;

[[noreturn]] static void fail(std::string_view what, std::string const& path)
{
    throw OpenFailure{fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

/// Of a file its content, of a folder the names in it.
static void sync(std::string const& path)
{
    auto const fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail("open", path);
    auto const synced = ::fsync(fd) == 0;
    auto const reason = errno;
    ::close(fd);
    errno = reason;
    if (!synced)
        fail("write to the disk", path);
}

static std::string folder_of(std::string const& path)
{
    auto const parent = fs::path{path}.parent_path();
    return parent.empty() ? "." : parent.string();
}

void remove_database(std::string const& path)
{
    for (auto const* const suffix : {"", "-wal", "-shm", "-journal", ".lock"}) {
        std::error_code ignored;
        fs::remove(path + suffix, ignored);
    }
}

static void copy_pages(Connection& from, Connection& to, Progress progress)
{
    std::unique_ptr<sqlite3_backup, decltype(&sqlite3_backup_finish)> const backup{
        sqlite3_backup_init(to.handle(), "main", from.handle(), "main"), sqlite3_backup_finish};
    if (!backup)
        throw OpenFailure{sqlite3_errmsg(to.handle())};
    auto const page_size = std::stoll(from.rows_of("PRAGMA page_size").at(0).at(0));
    for (int code = SQLITE_OK; code != SQLITE_DONE;) {
        code = sqlite3_backup_step(backup.get(), pages_at_once);
        if (code != SQLITE_OK && code != SQLITE_DONE)
            throw OpenFailure{sqlite3_errstr(code)};
        auto const all = sqlite3_backup_pagecount(backup.get());
        progress((all - sqlite3_backup_remaining(backup.get())) * page_size, all * page_size);
    }
}

static void require_whole(Connection& connection)
{
    auto const verdict = connection.rows_of("PRAGMA integrity_check(1)").at(0).at(0);
    if (verdict != "ok")
        throw OpenFailure{verdict};
}

/// For the owner alone, and not there before.
static void make_private_file(std::string const& path)
{
    auto const fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        fail("make", path);
    ::close(fd);
}

void copy_database(std::string const& from, std::string const& to, Progress progress)
{
    make_private_file(to);
    try {
        Connection source{{.path = from}, Connection::Mode::read};
        // The copy is of this snapshot, so that what is written meanwhile does not begin it anew.
        source.script("BEGIN");
        source.rows_of("SELECT COUNT(*) FROM sqlite_schema");
        {
            Connection copy{{.path = to, .synchronous = false}, Connection::Mode::write};
            copy_pages(source, copy, progress);
            copy.script("PRAGMA journal_mode = DELETE"); // it is one file
            require_whole(copy);
        }
        sync(to);
    } catch (OpenFailure const& failure) {
        remove_database(to);
        throw OpenFailure{fmt::format("cannot copy {}: {}", from, failure.what())};
    } catch (...) {
        remove_database(to);
        throw;
    }
}

bool is_ours(std::string const& path)
{
    Connection connection{{.path = path}, Connection::Mode::read};
    return connection
               .rows_of("SELECT name FROM sqlite_schema WHERE type = 'table' "
                        "AND name IN ('migrations', 'workspaces', 'instance')")
               .size()
        == 3;
}

bool publish_file(std::string const& file, std::string const& name, Existing existing)
{
    auto const flags = existing == Existing::keep ? RENAME_NOREPLACE : 0U;
    auto renamed = ::renameat2(AT_FDCWD, file.c_str(), AT_FDCWD, name.c_str(), flags) == 0;
    if (!renamed && errno == EINVAL) { // a file system that knows no flags
        if (existing == Existing::keep && fs::exists(name))
            return false;
        renamed = std::rename(file.c_str(), name.c_str()) == 0;
    }
    if (!renamed && errno == EEXIST)
        return false;
    if (!renamed)
        fail("make", name);
    sync(folder_of(name));
    return true;
}

/// A second name for a file, in the place of whatever had it.
static void keep_as(std::string const& path, std::string const& name)
{
    std::error_code error;
    if (!fs::exists(path, error))
        return;
    fs::remove(name, error);
    fs::create_hard_link(path, name, error);
    if (error) // a file system that has none
        fs::copy_file(path, name, fs::copy_options::overwrite_existing, error);
    if (error)
        throw OpenFailure{fmt::format("cannot keep {} as {}: {}", path, name, error.message())};
}

/// Brings what is in the log into the data file, as far as the file is still good, so that the log
/// can go: beside another file it would be taken for its own.
static void settle(std::string const& path)
{
    try {
        Connection connection{{.path = path}, Connection::Mode::write};
        connection.rows_of("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (OpenFailure const&) {
        keep_as(path + "-wal", path + ".replaced-wal");
    }
}

void replace_database(std::string const& fresh, std::string const& path)
{
    sync(fresh);
    if (fs::exists(path)) {
        settle(path);
        keep_as(path, path + ".replaced");
    }
    for (auto const* const suffix : {"-wal", "-shm", "-journal"}) {
        std::error_code ignored;
        fs::remove(path + suffix, ignored);
    }
    sync(folder_of(path)); // the log is gone before the name changes
    publish_file(fresh, path, Existing::replace);
}

}
