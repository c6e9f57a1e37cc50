#include "db/conformance.hpp"
#include "testing/world.hpp"

#include <fmt/format.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <latch>

namespace hermod::db {

namespace fs = std::filesystem;

static SqliteOptions options_for(std::string const& path)
{
    return {.path = path, .readers = 2, .migrations = conformance_schema()};
}

static EngineUnderTest sqlite_under_test()
{
    return {.name = "sqlite",
        .create =
            [] {
                static int count = 0;
                auto const folder =
                    fmt::format("{}/conformance-{}", testing::scratch_folder(), ++count);
                fs::create_directory(folder);
                Clock clock;
                migrate_sqlite(options_for(folder + "/hermod.db"), clock);
                return folder + "/hermod.db";
            },
        .open = [](std::string const& path, Clock& clock,
                    Metrics& metrics) { return open_sqlite(options_for(path), clock, metrics); },
        .drop = [](std::string const& path) { fs::remove_all(fs::path{path}.parent_path()); }};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, Conformance, ::testing::Values(sqlite_under_test()), engine_name);

/// What is SQLite's alone, on databases of its own options.
class SqliteTest : public ::testing::Test {
protected:
    SqliteTest() : folder_(fmt::format("{}/sqlite-test", testing::scratch_folder()))
    {
        fs::create_directory(folder_);
    }
    ~SqliteTest() override
    {
        if (db)
            db->close();
        tasks.stop();
        io.stop();
        db.reset();
        if (mounted_)
            ::umount2(folder_.c_str(), MNT_DETACH);
        fs::remove_all(folder_);
    }

    std::string path() const { return folder_ + "/hermod.db"; }

    void open(SqliteOptions const& options)
    {
        migrate_sqlite(options, clock);
        db = open_sqlite(options, clock, metrics);
        if (!started_)
            io.start();
        started_ = true;
    }

    /// A file system of its own; false where this process may not mount.
    bool mount_small(std::string const& size)
    {
        auto const options = "size=" + size;
        mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, options.c_str()) == 0;
        return mounted_;
    }

    /// All at once; what each threw.
    std::vector<std::string> write_all(
        WorkspaceId const& workspace, std::vector<std::function<void(Tx&)>> const& lambdas)
    {
        std::vector<std::string> outcomes(lambdas.size());
        std::vector<std::promise<void>> ended(lambdas.size());
        for (std::size_t i = 0; i < lambdas.size(); ++i)
            tasks.spawn(io.at(0), "write", [&, i]() -> Task<void> {
                std::exception_ptr error;
                try {
                    co_await db->write(workspace, lambdas[i]);
                } catch (...) {
                    error = std::current_exception();
                }
                outcomes[i] = name_of(error);
                ended[i].set_value();
            });
        for (auto& end : ended)
            end.get_future().wait();
        return outcomes;
    }

    std::vector<std::int64_t> positions(WorkspaceId const& workspace)
    {
        std::vector<std::int64_t> found;
        auto const outcome = write_all(workspace, {[&](Tx& tx) {
            found = tx.all<std::int64_t>(
                "SELECT position FROM lines WHERE workspace_id = $1 ORDER BY position");
        }});
        EXPECT_EQ(outcome[0], "nothing");
        return found;
    }

    Clock clock;
    Metrics metrics;
    IoThreads io{1};
    Tasks tasks;
    std::unique_ptr<Database> db;

private:
    std::string folder_;
    bool mounted_ = false;
    bool started_ = false;
};

static std::function<void(Tx&)> adding_line(std::int64_t position, std::size_t bytes)
{
    return [position, bytes](Tx& tx) {
        tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, $3)", position,
            std::string(bytes, 'x'));
    };
}

TEST_F(SqliteTest, a_second_process_is_refused)
{
    auto const options = options_for(path());
    open(options);

    EXPECT_THROW(open_sqlite(options, clock, metrics), OpenFailure);
    EXPECT_THROW(migrate_sqlite(options, clock), OpenFailure);
    db->close();
    db.reset();
    EXPECT_NO_THROW(open_sqlite(options, clock, metrics));
}

TEST_F(SqliteTest, what_is_no_database_is_refused_with_its_path)
{
    std::ofstream{path()} << std::string(10'000, 'n');

    try {
        open_sqlite(options_for(path()), clock, metrics);
        FAIL() << "it was opened";
    } catch (OpenFailure const& failure) {
        EXPECT_NE(std::string{failure.what()}.find(path()), std::string::npos);
    }
    EXPECT_THROW(open_sqlite(options_for(path() + "/no/such/folder"), clock, metrics), OpenFailure);
}

TEST_F(SqliteTest, a_database_without_its_schema_is_refused)
{
    EXPECT_THROW(open_sqlite(options_for(path()), clock, metrics), OpenFailure);
}

TEST_F(SqliteTest, the_data_file_is_for_its_owner_alone)
{
    open(options_for(path()));

    EXPECT_EQ(fs::status(path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(
        fs::status(path() + "-wal").permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SqliteTest, a_lambda_too_large_for_the_disk_fails_alone)
{
    auto options = options_for(path());
    options.max_pages = 100;
    open(options);
    auto const workspace = WorkspaceId::make(clock.now());
    std::vector<std::function<void(Tx&)>> lambdas;
    for (std::int64_t i = 0; i < 40; ++i)
        lambdas.push_back(adding_line(i, i == 17 ? 1'000'000 : 10));

    auto const outcomes = write_all(workspace, lambdas);

    for (std::size_t i = 0; i < outcomes.size(); ++i)
        EXPECT_EQ(outcomes[i], i == 17 ? "storage_unavailable" : "nothing") << i;
    EXPECT_EQ(positions(workspace).size(), 39U);
}

TEST_F(SqliteTest, a_lambda_that_catches_the_full_disk_cannot_go_on_outside_a_transaction)
{
    auto options = options_for(path());
    options.max_pages = 100;
    open(options);
    auto const workspace = WorkspaceId::make(clock.now());
    auto const stubborn = [](Tx& tx) {
        try {
            adding_line(1, 1'000'000)(tx);
        } catch (Problem const&) {
        }
        try {
            adding_line(2, 10)(tx);
        } catch (Problem const&) {
        }
    };

    auto const outcomes = write_all(workspace, {adding_line(3, 10), stubborn, adding_line(4, 10)});

    EXPECT_EQ(outcomes[1], "storage_unavailable");
    EXPECT_EQ(positions(workspace), (std::vector<std::int64_t>{3, 4}));
}

TEST_F(SqliteTest, a_full_file_system_loses_nothing_acknowledged_and_recovers)
{
    if (!mount_small("3m"))
        GTEST_SKIP() << "this process may not mount a tmpfs; the page limit is tested above";
    open(options_for(path()));
    auto const workspace = WorkspaceId::make(clock.now());
    auto const filler = fs::path{path()}.parent_path() / "filler";
    std::vector<std::int64_t> kept;
    bool refused = false;
    for (std::int64_t round = 0; round < 200 && !refused; ++round) {
        std::vector<std::function<void(Tx&)>> lambdas;
        for (std::int64_t i = 0; i < 10; ++i)
            lambdas.push_back(adding_line(round * 10 + i, 4000));
        auto const outcomes = write_all(workspace, lambdas);
        for (std::size_t i = 0; i < outcomes.size(); ++i) {
            if (outcomes[i] == "nothing")
                kept.push_back(round * 10 + static_cast<std::int64_t>(i));
            else
                EXPECT_EQ(outcomes[i], "storage_unavailable");
            refused |= outcomes[i] != "nothing";
        }
        if (round == 20)
            std::ofstream{filler} << std::string(900'000, 'f');
    }
    ASSERT_TRUE(refused) << "the disk never was full";
    EXPECT_EQ(positions(workspace), kept);

    fs::remove(filler);

    // The checkpointer needs a moment to give its space back to the log.
    std::string outcome;
    for (int i = 0; i < 2000 && outcome != "nothing"; ++i)
        outcome = write_all(workspace, {adding_line(999'999, 10)})[0];
    EXPECT_EQ(outcome, "nothing");
    kept.push_back(999'999);
    db->close();
    db.reset();
    open(options_for(path()));
    EXPECT_EQ(positions(workspace), kept);
}

TEST_F(SqliteTest, the_write_ahead_log_does_not_grow_without_end)
{
    auto options = options_for(path());
    options.synchronous = false;
    open(options);
    auto const workspace = WorkspaceId::make(clock.now());
    // 16 writers at once, so that the log is never at rest; 500 MB go through it.
    constexpr std::int64_t writers = 16;
    std::vector<std::function<void(Tx&)>> lambdas;
    for (std::int64_t i = 0; i < writers; ++i)
        lambdas.push_back(adding_line(i, 100'000));
    write_all(workspace, lambdas);
    std::uintmax_t largest = 0;
    std::latch ended{writers};
    for (std::int64_t i = 0; i < writers; ++i)
        tasks.spawn(io.at(0), "write", [&, i]() -> Task<void> {
            for (int round = 0; round < 300; ++round) {
                std::string const body(100'000, static_cast<char>('a' + round % 26));
                co_await db->write(workspace, [&](Tx& tx) {
                    tx.run("UPDATE lines SET body = $2 WHERE workspace_id = $1 AND position = $3",
                        body, i);
                });
                largest = std::max(largest, fs::file_size(path() + "-wal"));
            }
            ended.count_down();
        });
    ended.wait();

    EXPECT_LT(largest, std::uintmax_t{250} << 20);
    EXPECT_EQ(positions(workspace).size(), static_cast<std::size_t>(writers));
    RecordProperty("largest_mb", static_cast<int>(largest >> 20));
}

}
