#include "db/global_tables.hpp"
#include "db/postgres/schema.hpp"
#include "db/postgres/test_cluster.hpp"
#include "db/postgres/test_node.hpp"
#include "db/postgres/wakeups.hpp"
#include "db/sqlite/connection.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <semaphore>

namespace hermod::db::postgres {

class PostgresWalls : public ::testing::Test {
protected:
    PostgresWalls() : url(new_test_database()) { migrate(); }
    ~PostgresWalls() override { drop_test_database(url); }

    void migrate() { migrate_postgres(options_of(url), clock); }

    /// Why it would not open, or nothing.
    std::string refusal()
    {
        try {
            open_postgres(options_of(url), clock, metrics)->close();
            return {};
        } catch (OpenFailure const& failure) {
            return failure.what();
        }
    }

    Clock clock;
    Metrics metrics;
    std::string url;
    WorkspaceId const ours = WorkspaceId::make(Timestamp::from_s(1));
    WorkspaceId const theirs = WorkspaceId::make(Timestamp::from_s(2));
};

static void add_line(Tx& tx)
{
    tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, 1, 'x')");
}

TEST_F(PostgresWalls, a_statement_that_forgets_the_workspace_sees_its_own_rows_alone)
{
    Node node{options_of(url)};
    node.write(ours, add_line);
    node.write(theirs, add_line);
    constexpr auto const* all_lines = "SELECT count(*) FROM lines WHERE $1::uuid IS NOT NULL";
    auto const count = [](Tx const& tx) { return *tx.one<std::int64_t>(all_lines); };

    EXPECT_EQ(node.read(ours, count), 1);
    EXPECT_EQ(node.write(ours, [&](Tx& tx) { return count(tx); }), 1);
    EXPECT_EQ(
        node.write(ours,
            [](Tx& tx) { return tx.run_counted("DELETE FROM lines WHERE $1::uuid IS NOT NULL"); }),
        1);
    EXPECT_EQ(node.read(theirs, count), 1);
}

TEST_F(PostgresWalls, a_row_of_another_workspace_cannot_be_written)
{
    Node node{options_of(url)};

    EXPECT_THROW(node.write(ours,
                     [&](Tx& tx) {
                         tx.run("INSERT INTO lines (workspace_id, position, body) VALUES "
                                "(coalesce($2, $1), 1, 'x')",
                             theirs);
                     }),
        Problem);

    EXPECT_EQ(run_sql(url, "SELECT count(*) FROM lines"), "0");
}

TEST_F(PostgresWalls, the_workspaces_of_one_batch_see_each_its_own)
{
    Node node{options_of(url)};
    std::vector<WorkspaceId> beside;
    for (std::int64_t i = 0; beside.size() < 5; ++i) {
        auto const workspace = WorkspaceId::make(Timestamp::from_s(100 + i));
        if (shard_of(workspace) == shard_of(ours))
            beside.push_back(workspace);
    }
    std::vector<std::int64_t> seen(50);
    Gate gate;
    node.spawn([&]() -> Task<void> { co_await node.db->write(ours, [&](Tx&) { gate.hold(); }); });
    gate.wait_until_held();
    std::atomic<int> queued{0};
    for (std::size_t i = 0; i < seen.size(); ++i)
        node.spawn([&, i]() -> Task<void> {
            ++queued;
            seen[i] = co_await node.db->write(beside[i % 5], [&](Tx& tx) {
                tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, '')",
                    static_cast<std::int64_t>(i));
                return *tx.one<std::int64_t>(
                    "SELECT count(*) FROM lines WHERE $1::uuid IS NOT NULL");
            });
        });
    while (queued != 50)
        std::this_thread::yield();
    gate.open();
    node.wait_for_all();

    for (std::size_t i = 0; i < seen.size(); ++i)
        EXPECT_EQ(seen[i], static_cast<std::int64_t>(i / 5) + 1) << i;
}

TEST_F(PostgresWalls, sums_and_averages_are_numbers_like_others)
{
    Node node{options_of(url)};
    auto const sums = node.read(ours, [](Tx const& tx) {
        return *tx.one<std::tuple<std::int64_t, std::int64_t, double, std::int64_t>>(
            "SELECT sum(n), -sum(n), avg(n), count(*) FROM unnest(ARRAY[$2, $3, 1]::bigint[]) n "
            "WHERE $1::uuid IS NOT NULL",
            std::int64_t{4'000'000'000'000'000'000}, 12'340'000);
    });

    EXPECT_EQ(std::get<0>(sums), 4'000'000'000'012'340'001);
    EXPECT_EQ(std::get<1>(sums), -4'000'000'000'012'340'001);
    EXPECT_DOUBLE_EQ(std::get<2>(sums), 4'000'000'000'012'340'001.0 / 3);
    EXPECT_EQ(std::get<3>(sums), 3);
}

TEST_F(PostgresWalls, a_text_that_changes_at_its_address_is_another_statement)
{
    Node node{options_of(url)};
    std::string sql = "SELECT 1 WHERE $1::uuid IS NOT NULL";
    auto const ask = [&] {
        return node.write(ours, [&](Tx& tx) { return *tx.one<std::int64_t>(sql); });
    };
    EXPECT_EQ(ask(), 1);
    sql[7] = '2';
    EXPECT_EQ(ask(), 2);
}

TEST_F(PostgresWalls, the_system_touches_no_tenant_row)
{
    Node node{options_of(url)};
    node.write(ours, add_line);
    std::string outcome;
    node.spawn([&]() -> Task<void> {
        try {
            co_await node.db->system().read([](GlobalTx const& tx) {
                return tx.one<std::int64_t>("SELECT count(*) FROM lines");
            });
        } catch (Problem const& problem) {
            outcome = info(problem.code).name;
        }
    });
    node.wait_for_all();

    EXPECT_EQ(outcome, "internal");
}

TEST_F(PostgresWalls, what_is_not_durable_or_not_walled_in_is_not_opened)
{
    EXPECT_EQ(refusal(), "");

    auto const name = url.substr(url.rfind('/') + 1);
    run_sql(url, "ALTER DATABASE " + name + " SET synchronous_commit = off");
    EXPECT_TRUE(refusal().contains("synchronous_commit = off")) << refusal();
    run_sql(url, "ALTER DATABASE " + name + " RESET synchronous_commit");

    run_sql(url, "ALTER TABLE lines NO FORCE ROW LEVEL SECURITY");
    EXPECT_TRUE(refusal().contains("table lines is without its row-level security")) << refusal();
    migrate();
    EXPECT_EQ(refusal(), "");

    run_sql(url, "DROP POLICY hermod_workspace ON lines");
    EXPECT_TRUE(refusal().contains("table lines is without its row-level security")) << refusal();
    migrate();

    run_sql(url, "DELETE FROM migrations");
    EXPECT_FALSE(refusal().empty());
}

TEST_F(PostgresWalls, a_server_without_fsync_is_not_opened)
{
    TestCluster cluster;
    auto const options = options_of(cluster.url());
    migrate_postgres(options, clock);
    run_sql(cluster.url(), "ALTER SYSTEM SET fsync = off");
    cluster.stop();
    cluster.start();

    try {
        open_postgres(options, clock, metrics);
        FAIL() << "it was opened";
    } catch (OpenFailure const& failure) {
        EXPECT_TRUE(std::string{failure.what()}.contains("fsync = off")) << failure.what();
    }
}

class PostgresLogins : public PostgresWalls, public ::testing::WithParamInterface<char const*> { };

TEST_P(PostgresLogins, a_login_of_its_own_serves_a_schema_that_another_owns)
{
    auto const login = fmt::format("login_{}", ::getpid());
    auto const owner = fmt::format("owner_{}", ::getpid());
    run_sql(url, "CREATE ROLE " + login + " LOGIN");
    run_sql(url, "CREATE ROLE " + owner + " LOGIN " + GetParam());
    auto const fresh = new_test_database();
    run_sql(fresh, "GRANT CREATE, USAGE ON SCHEMA public TO " + owner);
    auto const as = [&](std::string const& role) {
        auto copy = fresh;
        return copy.replace(copy.find("postgres@"), 8, role);
    };
    auto options = options_of(as(login));
    options.migrate_url = as(owner);
    {
        auto alone = options_of(as(login));
        alone.migrate_url = as(login);
        EXPECT_FALSE(may_migrate_postgres(alone)) << "the schema is empty and another's";
        EXPECT_TRUE(may_migrate_postgres(options));
        migrate_postgres(options, clock);
        migrate_postgres(options, clock); // again: nothing to do
        EXPECT_FALSE(may_migrate_postgres(alone));
        EXPECT_TRUE(may_migrate_postgres(options));
        Node node{options};
        node.write(ours, add_line);
        node.write(theirs, add_line);
        constexpr auto const* all_lines = "SELECT count(*) FROM lines WHERE $1::uuid IS NOT NULL";
        EXPECT_EQ(node.read(ours, [](Tx const& tx) { return tx.one<std::int64_t>(all_lines); }), 1);
        EXPECT_EQ(
            run_sql(fresh, "SELECT tableowner FROM pg_tables WHERE tablename = 'lines'"), owner);
        // The owner itself is bound by the policy.
        EXPECT_THROW(run_sql(as(owner), "SELECT count(*) FROM lines"), std::runtime_error);
    }
    drop_test_database(fresh);
    run_sql(url, "DROP ROLE " + login);
    run_sql(url, "DROP ROLE " + owner);
}

// With the right to make the role that serves, and without.
INSTANTIATE_TEST_SUITE_P(Owners, PostgresLogins, ::testing::Values("CREATEROLE", "NOCREATEROLE"),
    [](auto const& info) { return std::string{info.param}; });

TEST_F(PostgresWalls, a_commit_wakes_the_listeners_of_every_node)
{
    Node here{options_of(url)};
    Node there{options_of(url)};
    std::counting_semaphore<> heard_here{0};
    std::counting_semaphore<> heard_there{0};
    auto const on_commit = [&](std::counting_semaphore<>& heard) {
        return [&](std::span<Committed const> wakes) {
            for (auto const& wake : wakes) {
                if (wake.workspace == ours && wake.wakes == 5)
                    heard.release();
            }
        };
    };
    here.db->on_commit(on_commit(heard_here));
    there.db->on_commit(on_commit(heard_there));
    // Wakes may be lost while the other node's listener still connects, so tell it again.
    bool woken = false;
    for (int i = 0; i < 100 && !woken; ++i) {
        here.write(ours, [&](Tx& tx) {
            tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, '')", i);
            tx.wake(Wake::log);
            tx.wake(Wake::access);
        });
        EXPECT_TRUE(heard_here.try_acquire_for(seconds{10}));
        woken = heard_there.try_acquire_for(milliseconds{200});
    }

    EXPECT_TRUE(woken);
    here.db->on_commit({});
    there.db->on_commit({});
}

TEST(PostgresWakeups, payloads_are_cut_below_what_the_server_takes_and_come_back)
{
    std::vector<Committed> wakes;
    for (std::int64_t i = 0; i < 700; ++i)
        wakes.push_back(
            {WorkspaceId::make(Timestamp::from_s(i)), static_cast<std::uint8_t>(i % 16)});
    Uuid const node{1, 2, 3};

    auto const payloads = to_payloads(node, wakes);

    EXPECT_GT(payloads.size(), 2U);
    std::vector<Committed> back;
    for (auto const& payload : payloads) {
        EXPECT_LT(payload.size(), 8000U);
        auto const read = from_payload(payload);
        ASSERT_TRUE(read);
        EXPECT_EQ(read->node, node);
        back.insert(back.end(), read->wakes.begin(), read->wakes.end());
    }
    EXPECT_TRUE(std::ranges::equal(back, wakes, [](Committed const& a, Committed const& b) {
        return a.workspace == b.workspace && a.wakes == b.wakes;
    }));
    EXPECT_TRUE(to_payloads(node, {}).empty());
    for (auto const* text : {"", "x", "00000000000000000000000000 x",
             "00000000000000000000000000 000000000000000000000000009999"})
        EXPECT_FALSE(from_payload(text)) << text;
}

/// `table.column kind` of every column.
static std::vector<std::string> columns_of_postgres(std::string const& url)
{
    PostgresSchema schema{url};
    std::vector<std::string> columns;
    auto const rows = schema.query("SELECT table_name || '.' || column_name || ' ' || is_nullable "
                                   "FROM information_schema.columns "
                                   "WHERE table_schema = current_schema() "
                                   "AND table_name <> 'hermod_batches'");
    for (auto const& row : rows)
        columns.push_back(row[0]);
    std::ranges::sort(columns);
    return columns;
}

static std::vector<std::string> columns_of_sqlite(std::string const& path)
{
    sqlite::Connection connection{{.path = path}, sqlite::Connection::Mode::read};
    std::vector<std::string> columns;
    auto const rows = connection.rows_of(
        "SELECT m.name || '.' || c.name || ' ' || iif(c.\"notnull\" OR c.pk > 0, 'NO', 'YES') "
        "FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'");
    for (auto const& row : rows)
        columns.push_back(row[0]);
    std::ranges::sort(columns);
    return columns;
}

TEST(Schema, both_engines_have_the_same_tables_and_columns)
{
    auto const url = new_test_database();
    auto const path =
        (std::filesystem::temp_directory_path() / fmt::format("hermod-schema-{}.db", ::getpid()))
            .string();
    Clock clock;
    migrate_postgres({.url = url, .migrate_url = {}}, clock);
    migrate_sqlite({.path = path}, clock);

    auto const columns = columns_of_postgres(url);

    EXPECT_GT(columns.size(), 50U);
    EXPECT_EQ(columns, columns_of_sqlite(path));
    PostgresSchema schema{url};
    for (auto const& table : tenant_tables(schema))
        EXPECT_EQ(run_sql(url,
                      "SELECT count(*) FROM pg_policy WHERE polrelid = '" + table + "'::regclass"),
            "1")
            << table;
    drop_test_database(url);
    for (auto const* suffix : {"", "-wal", "-shm", ".lock"})
        std::filesystem::remove(path + suffix);
}

}
