#include "db/postgres/test_cluster.hpp"
#include "db/postgres/test_node.hpp"
#include "db/postgres/test_proxy.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <thread>

namespace hermod::db::postgres {

static constexpr HotTable counters{
    .table = "counters",
    .key = "id",
    .select = "SELECT a, b FROM counters WHERE workspace_id = $1 AND id = $2",
    .update = "UPDATE counters SET a = $3, b = $4 WHERE workspace_id = $1 AND id = $2",
    .columns = 2,
};
static constexpr Uuid the_counter{1};

static void make_counter(Tx& tx)
{
    tx.run("INSERT INTO counters (workspace_id, id, a, b) VALUES ($1, $2, 0, 0)",
        PersonId{the_counter});
}

/// Takes the next number and leaves a line of it.
static std::int64_t take_number(Tx& tx)
{
    auto* const row = tx.find_hot(counters, the_counter);
    if (!row)
        throw std::runtime_error{"no counter"};
    row->set(0, (*row)[0] + 1);
    tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, 'x')", (*row)[0]);
    return (*row)[0];
}

/// The numbers that lines exist of are 1, 2, 3… up to the counter.
static void expect_no_gap(Node& node, WorkspaceId workspace, std::int64_t at_least)
{
    auto const [lines, highest, counter] = node.read(workspace, [](Tx const& tx) {
        return *tx.one<std::tuple<std::int64_t, std::int64_t, std::int64_t>>(
            "SELECT (SELECT count(*) FROM lines WHERE workspace_id = $1), "
            "(SELECT max(position) FROM lines WHERE workspace_id = $1), a "
            "FROM counters WHERE workspace_id = $1");
    });
    EXPECT_EQ(lines, counter);
    EXPECT_EQ(highest, counter);
    EXPECT_GE(counter, at_least);
}

class PostgresFaults : public ::testing::Test {
protected:
    PostgresFaults() : url(new_test_database())
    {
        Clock clock;
        migrate_postgres(options_of(url), clock);
    }
    ~PostgresFaults() override { drop_test_database(url); }

    std::string url;
    WorkspaceId const workspace = WorkspaceId::make(Timestamp::from_s(1));
    WorkspaceId const other = WorkspaceId::make(Timestamp::from_s(2));
};

static void end_writers(std::string const& url)
{
    run_sql(url,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name LIKE 'hermod writer%'");
}

TEST_F(PostgresFaults, a_backend_killed_amid_a_lambda_runs_it_again)
{
    Node node{options_of(url)};
    node.write(workspace, make_counter);
    int runs = 0;

    auto const number = node.write(workspace, [&](Tx& tx) {
        if (++runs == 1)
            end_writers(url);
        return take_number(tx);
    });

    EXPECT_EQ(number, 1);
    EXPECT_GE(runs, 2); // once more where the other writer had not yet noticed its end
    EXPECT_LE(runs, 3);
    expect_no_gap(node, workspace, 1);
}

TEST_F(PostgresFaults, a_lambda_that_always_kills_the_backend_fails_in_the_end_and_alone)
{
    Node node{options_of(url)};
    node.write(workspace, make_counter);
    std::atomic<int> numbers{0};
    std::string outcome;
    node.spawn([&]() -> Task<void> {
        try {
            co_await node.db->write(workspace, [&](Tx& tx) {
                end_writers(url);
                take_number(tx);
            });
        } catch (...) {
            outcome = name_of(std::current_exception());
        }
    });
    for (int i = 0; i < 5; ++i)
        node.spawn([&]() -> Task<void> {
            co_await node.db->write(workspace, take_number);
            ++numbers;
        });

    node.wait_for_all();

    EXPECT_EQ(outcome, "storage_unavailable");
    EXPECT_EQ(numbers, 5);
    expect_no_gap(node, workspace, 5);
}

TEST_F(PostgresFaults, a_commit_whose_answer_is_lost_counts_once)
{
    TestProxy proxy{url};
    Node node{options_of(proxy.url())};
    node.write(workspace, make_counter);
    proxy.lose_next_answer("COMMIT");
    int runs = 0;

    auto const number = node.write(workspace, [&](Tx& tx) {
        ++runs;
        return take_number(tx);
    });

    EXPECT_EQ(number, 1);
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(proxy.lost(), 1);
    expect_no_gap(node, workspace, 1);
}

TEST_F(PostgresFaults, a_commit_that_never_arrived_is_done_again)
{
    TestProxy proxy{url};
    Node node{options_of(proxy.url())};
    node.write(workspace, make_counter);
    // As the name of a prepared statement: a notification has the word in its text.
    proxy.lose_next_request(std::string{"\0commit\0", 8});
    int runs = 0;

    auto const number = node.write(workspace, [&](Tx& tx) {
        ++runs;
        return take_number(tx);
    });

    EXPECT_EQ(number, 1);
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(proxy.lost(), 1);
    expect_no_gap(node, workspace, 1);
}

TEST_F(PostgresFaults, answers_lost_under_load_lose_and_double_nothing)
{
    TestProxy proxy{url};
    Node node{options_of(proxy.url())};
    node.write(workspace, make_counter);
    std::set<std::int64_t> taken;
    for (int client = 0; client < 20; ++client)
        node.spawn([&]() -> Task<void> {
            for (int i = 0; i < 20; ++i)
                taken.insert(co_await node.db->write(workspace, take_number));
        });

    for (int i = 0; i < 6; ++i) {
        if (i % 2 == 0)
            proxy.lose_next_answer("COMMIT");
        else
            // As the name of a prepared statement: a notification has the word in its text.
            proxy.lose_next_request(std::string{"\0commit\0", 8});
        for (auto const lost = proxy.lost(); proxy.lost() == lost && node.is_busy();)
            std::this_thread::yield();
    }
    proxy.behave();
    node.wait_for_all();

    EXPECT_EQ(taken.size(), 400U);
    EXPECT_EQ(*taken.rbegin(), 400);
    expect_no_gap(node, workspace, 400);
}

TEST_F(PostgresFaults, a_server_that_crashes_under_load_loses_nothing_acknowledged)
{
    TestCluster cluster;
    auto const options = options_of(cluster.url());
    Clock clock;
    migrate_postgres(options, clock);
    Node node{options};
    std::array const workspaces{workspace, other};
    for (auto const& each : workspaces)
        node.write(each, make_counter);
    std::array<std::set<std::int64_t>, 2> taken;
    std::atomic<int> acknowledged{0};
    bool stop = false;
    for (std::size_t client = 0; client < 16; ++client)
        node.spawn([&, client]() -> Task<void> {
            for (int failures = 0; !stop && failures < 10'000;) {
                try {
                    auto const number =
                        co_await node.db->write(workspaces[client % 2], take_number);
                    EXPECT_TRUE(taken[client % 2].insert(number).second) << number;
                    acknowledged = acknowledged + 1;
                    acknowledged.notify_all();
                } catch (Problem const&) {
                    ++failures; // the outcome is open, as it is for the caller
                }
            }
        });

    for (int i = 0; i < 3; ++i) {
        auto const wanted = acknowledged + 100;
        for (int now = acknowledged; now < wanted; now = acknowledged)
            acknowledged.wait(now);
        if (i == 1)
            cluster.stop();
        else
            cluster.crash();
        cluster.start();
    }
    asio::post(node.io.at(0), [&] { stop = true; });
    node.wait_for_all();

    for (std::size_t i = 0; i < 2; ++i) {
        ASSERT_FALSE(taken[i].empty());
        expect_no_gap(node, workspaces[i], *taken[i].rbegin());
        auto const lines = node.read(workspaces[i], [](Tx const& tx) {
            return tx.all<std::int64_t>("SELECT position FROM lines WHERE workspace_id = $1");
        });
        for (auto const number : taken[i])
            EXPECT_TRUE(std::ranges::find(lines, number) != lines.end()) << number;
    }
}

TEST_F(PostgresFaults, while_the_database_is_away_writes_wait_until_their_deadline)
{
    TestCluster cluster;
    auto const options = options_of(cluster.url());
    Clock clock;
    migrate_postgres(options, clock);
    Node node{options};
    node.write(workspace, make_counter);
    cluster.stop();

    auto const outcome = [&](auto body) {
        try {
            body();
            return std::string{"nothing"};
        } catch (...) {
            return name_of(std::current_exception());
        }
    };
    auto const short_patience = Patience{.queued = milliseconds{300}};
    auto const written = outcome([&] { node.write(workspace, take_number, short_patience); });
    EXPECT_TRUE(written == "overloaded" || written == "storage_unavailable") << written;
    auto const seen = outcome([&] {
        node.read(
            workspace,
            [](Tx const& tx) {
                return tx.all<std::int64_t>("SELECT 1::bigint WHERE $1 IS NOT NULL");
            },
            short_patience);
    });
    EXPECT_TRUE(seen == "overloaded" || seen == "storage_unavailable") << seen;

    std::optional<std::int64_t> number;
    node.spawn([&]() -> Task<void> {
        number = co_await node.db->write(workspace, take_number, Patience{.queued = seconds{60}});
    });
    cluster.start();
    node.wait_for_all();
    EXPECT_EQ(number, 1);
}

/// Not a test of its own: the second process of the next one.
TEST(PostgresProcess, DISABLED_child_takes_numbers)
{
    auto const* const url = std::getenv("HERMOD_TEST_PROCESS_URL");
    ASSERT_TRUE(url);
    Node node{options_of(url)};
    std::array const workspaces{*WorkspaceId::parse(std::getenv("HERMOD_TEST_PROCESS_WORKSPACE")),
        *WorkspaceId::parse(std::getenv("HERMOD_TEST_PROCESS_OTHER"))};
    for (int client = 0; client < 16; ++client)
        node.spawn([&, client]() -> Task<void> {
            for (int i = 0; i < 40; ++i)
                co_await node.db->write(
                    workspaces[static_cast<std::size_t>(client) % 2], [](Tx& tx) {
                        take_number(tx);
                        tx.global().run("INSERT INTO instance (name, value) VALUES ('n', 'x') "
                                        "ON CONFLICT (name) DO UPDATE "
                                        "SET value = instance.value || 'x'");
                    });
        });
    node.wait_for_all();
}

TEST_F(PostgresFaults, processes_that_write_the_same_shards_take_turns)
{
    {
        Node node{options_of(url)};
        node.write(workspace, make_counter);
        node.write(other, make_counter);
    }
    ::setenv("HERMOD_TEST_PROCESS_URL", url.c_str(), 1);
    ::setenv("HERMOD_TEST_PROCESS_WORKSPACE", workspace.str().c_str(), 1);
    ::setenv("HERMOD_TEST_PROCESS_OTHER", other.str().c_str(), 1);
    std::vector<pid_t> children;
    for (int i = 0; i < 3; ++i) {
        auto const child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            ::execl("/proc/self/exe", "db_test",
                "--gtest_filter=PostgresProcess.DISABLED_child_takes_numbers",
                "--gtest_also_run_disabled_tests", nullptr);
            ::_exit(127);
        }
        children.push_back(child);
    }
    for (auto const child : children) {
        int status = -1;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }

    Node node{options_of(url)};
    expect_no_gap(node, workspace, 3 * 8 * 40);
    expect_no_gap(node, other, 3 * 8 * 40);
    EXPECT_EQ(run_sql(url, "SELECT length(value) FROM instance WHERE name = 'n'"),
        std::to_string(3 * 16 * 40));
}

}
