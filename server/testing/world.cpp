#include "testing/world.hpp"

#include "db/engine.hpp"
#include "db/postgres/test_cluster.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>

namespace hermod::testing {

namespace fs = std::filesystem;

namespace {

class ScratchFolder {
public:
    ScratchFolder()
    {
        auto const parent =
            fs::exists("/dev/shm") ? fs::path{"/dev/shm"} : fs::temp_directory_path();
        path = (parent / "hermod-test-XXXXXX").string();
        HERMOD_CHECK(::mkdtemp(path.data()) != nullptr);
    }
    ~ScratchFolder()
    {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    std::string path;
};

}

std::string const& scratch_folder()
{
    static ScratchFolder const folder;
    return folder.path;
}

static db::SqliteOptions options_for(std::string const& path)
{
    return {.path = path,
        .readers = 1,
        .synchronous = false,
        .commit_interval = microseconds{0},
        .refuse_scans = true};
}

/// A copy of a database that is migrated once per process.
static std::string new_database(Clock& clock)
{
    static std::string const migrated = [&] {
        auto const path = scratch_folder() + "/migrated.db";
        db::migrate_sqlite(options_for(path), clock);
        return path;
    }();
    static std::atomic<int> count{0};
    auto const path = fmt::format("{}/{}.db", scratch_folder(), ++count);
    fs::copy_file(migrated, path);
    return path;
}

/// HERMOD_TEST_ENGINE=postgres runs every test of a World on the other engine.
static bool on_postgres()
{
    static bool const chosen = [] {
        auto const* const engine = std::getenv("HERMOD_TEST_ENGINE");
        return engine != nullptr && std::string_view{engine} == "postgres";
    }();
    return chosen;
}

static db::PostgresOptions postgres_options(std::string const& url)
{
    return {.url = url, .migrate_url = {}, .writers = 1, .readers = 1};
}

static std::string new_postgres_database(Clock& clock)
{
    static std::string const migrated = [&] {
        auto url = db::postgres::new_test_database();
        db::migrate_postgres(postgres_options(url), clock);
        return url;
    }();
    return db::postgres::new_test_database(migrated);
}

static std::unique_ptr<db::Database> open(std::string const& path, Clock& clock, Metrics& metrics)
{
    return on_postgres() ? db::open_postgres(postgres_options(path), clock, metrics)
                         : db::open_sqlite(options_for(path), clock, metrics);
}

World::World()
    : path_(on_postgres() ? new_postgres_database(clock) : new_database(clock))
    , database_(open(path_, clock, metrics))
    , db(*database_)
{
}

World::~World()
{
    database_->close();
    if (on_postgres()) {
        database_.reset();
        db::postgres::drop_test_database(path_);
        return;
    }
    for (auto const* const suffix : {"", "-wal", "-shm", ".lock"}) {
        std::error_code ignored;
        fs::remove(path_ + suffix, ignored);
    }
}

bool World::drive_until(std::function<bool()> const& done)
{
    auto const limit = std::chrono::steady_clock::now() + seconds{10};
    while (!done()) {
        if (std::chrono::steady_clock::now() > limit)
            return false;
        io.restart();
        io.run_one_for(milliseconds{10});
    }
    return true;
}

void World::on_new_workspace(std::function<void(db::Tx&)> step)
{
    workspace_steps_.push_back(std::move(step));
}

WorkspaceId World::make_workspace()
{
    auto const workspace = WorkspaceId::make(clock.now());
    write(workspace, [&](db::Tx& tx) {
        for (auto const& step : workspace_steps_)
            step(tx);
    });
    return workspace;
}

std::string outcome_of(std::function<void()> const& body)
{
    try {
        body();
        return "no problem";
    } catch (Problem const& problem) {
        return std::string{info(problem.code).name};
    } catch (std::exception const& other) {
        return fmt::format("another exception: {}", other.what());
    }
}

}
