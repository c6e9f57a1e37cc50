#include "db/engine.hpp"
#include "db/migrator.hpp"
#include "testing/world.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>

namespace hermod::db {

TEST(SqlFor, uncomments_the_fragments_of_its_engine_alone)
{
    auto const* const sql = "CREATE TABLE t (a BIGINT) /*sqlite: WITHOUT ROWID*/;"
                            "/*postgres: ALTER TABLE t OWNER TO x;*/ -- /* plain */";

    EXPECT_EQ(
        sql_for(Engine::sqlite, sql), "CREATE TABLE t (a BIGINT)  WITHOUT ROWID; -- /* plain */");
    EXPECT_EQ(sql_for(Engine::postgres, sql),
        "CREATE TABLE t (a BIGINT) ; ALTER TABLE t OWNER TO x; -- /* plain */");
    EXPECT_THROW(sql_for(Engine::sqlite, "/*sqlite: no end"), OpenFailure);
}

TEST(SplitStatements, understands_quotes_comments_and_dollar_bodies)
{
    auto const statements = split_statements("-- a; comment\n"
                                             "INSERT INTO t VALUES ('a;''b', \"c;d\"); /* ; */\n"
                                             "DO $x$ BEGIN; END $x$;\n"
                                             "  ;; \n"
                                             "SELECT $1; SELECT 2 -- the end;");

    ASSERT_EQ(statements.size(), 4U);
    EXPECT_TRUE(statements[0].ends_with("INSERT INTO t VALUES ('a;''b', \"c;d\")"));
    EXPECT_TRUE(statements[1].ends_with("DO $x$ BEGIN; END $x$"));
    EXPECT_EQ(statements[2], " \nSELECT $1");
    EXPECT_EQ(statements[3], " SELECT 2 -- the end;");
}

TEST(MigrationsFor, takes_the_files_of_its_engine_in_order_of_number)
{
    std::array const files{SqlFile{"0010_add_b.sql", "b"}, SqlFile{"0002_add_a.sqlite.sql", "lite"},
        SqlFile{"0002_add_a.postgres.sql", "-- no transaction\npost"}};

    auto const sqlite = migrations_for(Engine::sqlite, files);
    auto const postgres = migrations_for(Engine::postgres, files);

    ASSERT_EQ(sqlite.size(), 2U);
    EXPECT_EQ(sqlite[0].sql, "lite");
    EXPECT_TRUE(sqlite[0].in_transaction);
    EXPECT_EQ(sqlite[1].number, 10);
    ASSERT_EQ(postgres.size(), 2U);
    EXPECT_FALSE(postgres[0].in_transaction);
}

TEST(MigrationsFor, refuses_bad_names_and_doubled_numbers)
{
    for (auto const* const name :
        {"1_short.sql", "0001_.sql", "0001-dash.sql", "0001_Upper.sql", "0000_zero.sql",
            "00012_long.sql", "0001_name.txt", "", "0001_it's.sql", "-001_a.sql"}) {
        std::array const files{SqlFile{name, ""}};
        EXPECT_THROW(migrations_for(Engine::sqlite, files), OpenFailure) << name;
    }
    std::array const twice{SqlFile{"0001_a.sql", ""}, SqlFile{"0001_b.sql", ""}};
    EXPECT_THROW(migrations_for(Engine::sqlite, twice), OpenFailure);
}

/// A database that several versions of the files are applied to.
class MigratorTest : public ::testing::Test {
protected:
    MigratorTest() { std::filesystem::create_directory(folder_); }
    ~MigratorTest() override { std::filesystem::remove_all(folder_); }

    Migrated migrate_to(std::vector<SqlFile> const& files)
    {
        return migrate_sqlite({.path = folder_ + "/hermod.db", .migrations = files}, clock);
    }

    std::string refusal(std::vector<SqlFile> const& files)
    {
        try {
            migrate_to(files);
            return "applied";
        } catch (OpenFailure const& failure) {
            return failure.what();
        }
    }

    FakeClock clock;

private:
    std::string folder_ = testing::scratch_folder() + "/migrator";
};

static constexpr SqlFile first{"0001_create_a.sql", "CREATE TABLE a (x BIGINT);"};
static constexpr SqlFile second{"0002_fill_a.sql", "INSERT INTO a VALUES (1); -- '"};
static constexpr SqlFile third{"0003_create_b.sql", "CREATE TABLE b (y BIGINT);"};

TEST_F(MigratorTest, applies_what_is_missing_once)
{
    auto const one = migrate_to({first});
    auto const more = migrate_to({first, second, third});
    auto const again = migrate_to({first, second, third});

    EXPECT_EQ(one.applied, 1U);
    EXPECT_EQ(more.applied, 2U);
    EXPECT_EQ(more.from, 1);
    EXPECT_EQ(more.to, 3);
    EXPECT_EQ(again.applied, 0U);
    EXPECT_EQ(again.to, 3);
}

TEST_F(MigratorTest, refuses_a_file_that_was_changed_after_it_was_applied)
{
    migrate_to({first});
    SqlFile const changed{first.name, "CREATE TABLE a (x BIGINT, z BIGINT);"};

    EXPECT_NE(refusal({changed}).find("0001_create_a.sql differs"), std::string::npos);
}

TEST_F(MigratorTest, refuses_a_database_that_is_newer)
{
    migrate_to({first, second});

    EXPECT_NE(refusal({first}).find("newer than this hermod"), std::string::npos);
}

TEST_F(MigratorTest, refuses_a_step_that_comes_before_an_applied_one)
{
    migrate_to({first, third});

    EXPECT_NE(
        refusal({first, second, third}).find("0002_fill_a.sql is missing"), std::string::npos);
}

TEST_F(MigratorTest, a_step_that_fails_leaves_nothing_and_the_ones_before_it_stay)
{
    SqlFile const wrong{
        "0002_break.sql", "CREATE TABLE c (x BIGINT); INSERT INTO nowhere VALUES (1);"};

    EXPECT_NE(refusal({first, wrong}).find("0002_break.sql failed"), std::string::npos);

    SqlFile const repaired{"0002_break.sql", "CREATE TABLE c (x BIGINT);"};
    EXPECT_EQ(migrate_to({first, repaired}).applied, 1U);
}

TEST_F(MigratorTest, a_step_without_a_transaction_runs_statement_by_statement)
{
    SqlFile const outside{
        "0002_vacuum.sql", "-- no transaction\nVACUUM;\nCREATE TABLE d (x BIGINT);"};
    SqlFile const inside{"0003_vacuum.sql", "VACUUM;"};

    EXPECT_EQ(migrate_to({first, outside}).applied, 2U);
    EXPECT_NE(refusal({first, outside, inside}).find("0003_vacuum.sql failed"), std::string::npos);
}

TEST_F(MigratorTest, the_embedded_files_lead_from_nothing_to_the_head)
{
    std::vector<SqlFile> const files{embedded_migrations().begin(), embedded_migrations().end()};
    ASSERT_FALSE(files.empty());

    auto const migrated = migrate_to(files);

    EXPECT_EQ(migrated.applied, migrations_for(Engine::sqlite, files).size());
    EXPECT_EQ(migrate_to(files).applied, 0U);
}

}
