#include "db/conformance.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <latch>

namespace hermod::db {

static constexpr HotTable hot_counters{
    .table = "counters",
    .key = "id",
    .select = "SELECT a, b FROM counters WHERE workspace_id = $1 AND id = $2",
    .update = "UPDATE counters SET a = $3, b = $4 WHERE workspace_id = $1 AND id = $2",
    .columns = 2,
};

static constexpr Uuid counter_key{1};

static void make_counter(Tx& tx)
{
    tx.run("INSERT INTO counters (workspace_id, id, a, b) VALUES ($1, $2, 0, 0)",
        Id<"cnt">{counter_key});
    std::array<std::int64_t, 2> const zero{};
    tx.insert_hot(hot_counters, counter_key, zero);
}

/// The shape of every append to a log: count, then insert the line of that number.
static std::int64_t append_line(Tx& tx)
{
    auto* const row = tx.find_hot(hot_counters, counter_key);
    auto const position = (*row)[0] + 1;
    row->set(0, position);
    tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, 'line')", position);
    return position;
}

struct Extent {
    std::int64_t count;
    std::int64_t highest;
    std::int64_t counter;
};
BOOST_DESCRIBE_STRUCT(Extent, (), (count, highest, counter))

static Extent extent(Tx const& tx)
{
    // The counter is read in the same statement: also for READ COMMITTED one snapshot.
    return *tx.one<Extent>(R"sql(
        SELECT COUNT(*), COALESCE(MAX(position), 0),
               (SELECT a FROM counters WHERE workspace_id = $1)
        FROM lines WHERE workspace_id = $1)sql");
}

TEST_P(Conformance, commit_order_is_the_order_of_the_counter)
{
    constexpr int writers = 64;
    constexpr int writes = 40;
    std::array<WorkspaceId, 4> workspaces{};
    for (auto& workspace : workspaces) {
        workspace = new_workspace();
        write(workspace, make_counter);
    }
    std::atomic<int> appended = 0;
    std::latch ended{writers};
    for (int w = 0; w < writers; ++w)
        tasks.spawn(io.at(static_cast<std::size_t>(w % 2)), "writer", [&, w]() -> Task<void> {
            auto const& workspace = workspaces[static_cast<std::size_t>(w / 2 % 4)];
            for (int i = 0; i < writes; ++i) {
                try {
                    co_await db->write(workspace, [&](Tx& tx) {
                        append_line(tx);
                        if ((w + i) % 7 == 0)
                            throw Problem{Errc::forbidden};
                    });
                    ++appended;
                } catch (Problem const& problem) {
                    EXPECT_EQ(problem.code, Errc::forbidden) << problem.what();
                }
            }
            ended.count_down();
        });

    // No snapshot ever has a hole: what is below the highest is all there.
    while (!ended.try_wait())
        for (auto const& workspace : workspaces) {
            auto const seen = read(workspace, extent);
            ASSERT_EQ(seen.count, seen.highest);
            ASSERT_EQ(seen.count, seen.counter);
        }

    std::int64_t total = 0;
    for (auto const& workspace : workspaces) {
        auto const seen = read(workspace, extent);
        EXPECT_EQ(seen.count, seen.highest);
        EXPECT_EQ(seen.count, seen.counter);
        total += seen.count;
    }
    EXPECT_EQ(total, appended);
}

TEST_P(Conformance, what_was_written_is_there_after_opening_again)
{
    auto const workspace = new_workspace();
    write(workspace, make_counter);
    for (int i = 0; i < 20; ++i)
        write(workspace, append_line);

    reopen();

    EXPECT_EQ(read(workspace, extent).highest, 20);
    EXPECT_EQ(write(workspace, append_line), 21);
}

/// Not a test of its own: the process that the next one kills. Writes a line per acknowledged write
/// to descriptor 3 until its end comes.
TEST_P(Conformance, DISABLED_child_writes_until_it_is_killed)
{
    auto const* const name = std::getenv("HERMOD_TEST_WORKSPACE");
    ASSERT_TRUE(name) << "this is run by the test below";
    auto const workspace = WorkspaceId::parse(name);
    ASSERT_TRUE(workspace);
    for (int w = 0; w < 16; ++w)
        tasks.spawn(io.at(static_cast<std::size_t>(w % 2)), "writer", [&]() -> Task<void> {
            for (;;) {
                auto const position = co_await db->write(*workspace, append_line);
                auto const line = std::to_string(position) + "\n";
                if (::write(3, line.data(), line.size()) < 0)
                    co_return;
            }
        });
    ::pause();
}

/// The child's process id; its descriptor 3 is `pipe`.
static pid_t start_child(
    std::string const& test, std::string const& location, std::string const& workspace, int pipe)
{
    auto const filter =
        "--gtest_filter=*/Conformance.DISABLED_child_writes_until_it_is_killed/" + test;
    std::string const place = "HERMOD_TEST_LOCATION=" + location;
    std::string const name = "HERMOD_TEST_WORKSPACE=" + workspace;
    std::vector<char*> environment;
    for (auto** entry = environ; *entry; ++entry)
        environment.push_back(*entry);
    for (auto const* text : {&place, &name})
        environment.push_back(const_cast<char*>(text->c_str()));
    environment.push_back(nullptr);
    std::array<char const*, 4> const arguments{
        "db_test", filter.c_str(), "--gtest_also_run_disabled_tests", nullptr};

    auto const child = ::fork();
    if (child == 0) {
        ::dup2(pipe, 3);
        ::execve("/proc/self/exe", const_cast<char**>(arguments.data()), environment.data());
        ::_exit(127);
    }
    return child;
}

TEST_P(Conformance, a_killed_process_loses_nothing_it_has_acknowledged)
{
    auto const workspace = new_workspace();
    write(workspace, make_counter);
    db->close();
    db.reset();
    std::int64_t expected = 0;
    for (int round = 0; round < 3; ++round) {
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        auto const child = start_child(GetParam().name, location, workspace.str(), ends[1]);
        ASSERT_GT(child, 0);
        ::close(ends[1]);

        std::string acknowledged;
        std::array<char, 4096> buffer{};
        bool killed = false;
        for (;;) {
            auto const got = ::read(ends[0], buffer.data(), buffer.size());
            if (got <= 0)
                break;
            acknowledged.append(buffer.data(), static_cast<std::size_t>(got));
            if (!killed && acknowledged.size() > 1000)
                killed = ::kill(child, SIGKILL) == 0;
        }
        ::close(ends[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        ASSERT_TRUE(killed) << "the child ended by itself, with status " << status;

        std::size_t at = 0;
        for (auto end = acknowledged.find('\n'); end != std::string::npos;
            at = end + 1, end = acknowledged.find('\n', at))
            expected =
                std::max<std::int64_t>(expected, std::stoll(acknowledged.substr(at, end - at)));
        db = GetParam().open(location, clock, metrics);
        auto const seen = read(workspace, extent);
        EXPECT_GE(seen.highest, expected);
        EXPECT_EQ(seen.count, seen.highest);
        EXPECT_EQ(seen.count, seen.counter);
        expected = seen.highest;
        db->close();
        db.reset();
    }
    db = GetParam().open(location, clock, metrics);
}

}
