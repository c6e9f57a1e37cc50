#include "db/sqlite/plan.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace hermod::db::sqlite {
namespace {

TEST(SqlitePlan, a_walk_through_a_table_is_found_and_a_search_is_none)
{
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
    sqlite3_exec(db,
        "CREATE TABLE lines (workspace_id INTEGER, n INTEGER, text TEXT, PRIMARY KEY "
        "(workspace_id, n))",
        nullptr, nullptr, nullptr);

    EXPECT_TRUE(find_scan(db, "SELECT text FROM lines WHERE n = $1"));
    EXPECT_TRUE(find_scan(db, "SELECT COUNT(*) FROM lines"));
    EXPECT_TRUE(find_scan(db, "UPDATE lines SET text = '' WHERE text = $1"));
    EXPECT_FALSE(find_scan(db, "SELECT text FROM lines WHERE workspace_id = $1 AND n > $2"));
    EXPECT_FALSE(find_scan(db, "INSERT INTO lines VALUES ($1, $2, $3)"));
    EXPECT_FALSE(find_scan(db,
        "SELECT text FROM (SELECT n, text FROM lines WHERE workspace_id = $1 ORDER BY n LIMIT 5)"
        " recent WHERE text IS NOT NULL ORDER BY n DESC"));
    EXPECT_FALSE(find_scan(db, "SELECT value FROM json_each($1)"));
    sqlite3_close(db);
}

}
}
