#include "db/postgres/read_cache.hpp"
#include "db/postgres/tokens.hpp"

#include <gtest/gtest.h>

namespace hermod::db::postgres {

using Kind = Analysis::Kind;

static Analysis analysed(std::string_view sql, SchemaFacts const& facts = {})
{
    return analyse(sql, facts);
}

static bool writes(Analysis const& analysis, std::string_view table)
{
    return std::ranges::find(analysis.written, intern(table)) != analysis.written.end();
}

TEST(Tokens, what_is_not_understood_is_refused)
{
    EXPECT_FALSE(tokenise("SELECT 1; SELECT 2"));
    EXPECT_FALSE(tokenise("SELECT 'open"));
    EXPECT_FALSE(tokenise("SELECT \"open"));
    EXPECT_FALSE(tokenise("SELECT $tag$x$tag$"));
    EXPECT_FALSE(tokenise("SELECT E'\\''"));
    EXPECT_FALSE(tokenise("SELECT 'a\\b'"));
    EXPECT_FALSE(tokenise("SELECT (1"));
    EXPECT_FALSE(tokenise("SELECT 1)"));
    EXPECT_FALSE(tokenise("SELECT 1 /* a /* b */ c */"));
    EXPECT_TRUE(tokenise("SELECT 1; -- the end"));
    EXPECT_TRUE(tokenise("SELECT 'it''s' /* fine */ FROM t"));
}

TEST(Statement, tells_reads_from_writes)
{
    EXPECT_EQ(analysed("SELECT a FROM t WHERE b = $1").kind, Kind::read);
    EXPECT_EQ(analysed("WITH x AS (SELECT 1 FROM t) SELECT * FROM x").kind, Kind::read);
    EXPECT_EQ(analysed("SELECT a FROM t FOR UPDATE").kind, Kind::read);
    for (auto const* sql : {"INSERT INTO t (a) VALUES ($1)", "UPDATE t SET a = $1", "DELETE FROM t",
             "WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x",
             "WITH x AS (UPDATE t SET a = 1 RETURNING a) SELECT a FROM x", "SELECT a INTO u FROM t",
             "TRUNCATE t",
             "MERGE INTO t USING u ON true WHEN MATCHED "
             "THEN UPDATE SET a = 1",
             "LOCK TABLE t", "garbage", "SELECT 'open"})
        EXPECT_EQ(analysed(sql).kind, Kind::write) << sql;
}

TEST(Statement, an_answer_that_depends_on_more_than_tables_is_never_kept)
{
    EXPECT_TRUE(analysed("SELECT a FROM t WHERE b = $1").repeatable);
    for (auto const* sql : {"SELECT 1", "SELECT a FROM t FOR UPDATE", "SELECT a FROM t FOR SHARE",
             "SELECT a FROM t FOR NO KEY UPDATE", "SELECT nextval('s') FROM t",
             "SELECT a FROM t WHERE b < random()", "SELECT a FROM pg_class", "SELECT a FROM v",
             "SELECT f(a) FROM t"})
        EXPECT_FALSE(
            analysed(sql, {.opaque = {"v", "f"}, .triggered = {}, .cascades = {}}).repeatable)
            << sql;
}

TEST(Statement, finds_every_table_that_is_written)
{
    EXPECT_TRUE(writes(analysed("INSERT INTO T (a) VALUES ($1)"), "t"));
    EXPECT_TRUE(writes(analysed("INSERT INTO public.t (a) VALUES ($1)"), "t"));
    EXPECT_TRUE(writes(analysed("UPDATE ONLY \"t\" SET a = 1"), "t"));
    EXPECT_TRUE(writes(analysed("DELETE FROM t AS x USING u WHERE x.a = u.a"), "t"));
    auto const both =
        analysed("WITH x AS (DELETE FROM t RETURNING a) INSERT INTO u SELECT a FROM x");
    EXPECT_TRUE(writes(both, "t"));
    EXPECT_TRUE(writes(both, "u"));
    EXPECT_FALSE(writes(
        analysed("INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = $1"), "set"));
    EXPECT_TRUE(analysed("TRUNCATE t").writes_anything);
    EXPECT_TRUE(analysed("garbage").writes_anything);
    EXPECT_FALSE(analysed("UPDATE t SET a = 1").writes_anything);
}

TEST(Statement, what_the_schema_does_behind_a_write_is_counted)
{
    SchemaFacts const facts{
        .opaque = {}, .triggered = {"loud"}, .cascades = {{"p", {"c"}}, {"c", {"g"}}}};

    EXPECT_TRUE(writes(analysed("DELETE FROM p WHERE a = $1", facts), "g"));
    EXPECT_FALSE(writes(analysed("INSERT INTO p (a) VALUES ($1)", facts), "c"));
    EXPECT_TRUE(analysed("INSERT INTO loud (a) VALUES ($1)", facts).writes_anything);
}

class WriteLogTest : public testing::Test {
protected:
    static Param text(std::string_view value) { return {Type::text, false, 0, 0, value}; }
    static Param number(std::int64_t value) { return {Type::integer, false, value}; }
    static Param null() { return {Type::text, true}; }

    void note(char const* sql, std::vector<Param> params)
    {
        log.note(statements.find({sql, {}}, params), encode(params, arena));
    }
    bool touches(char const* sql, std::vector<Param> params)
    {
        return log.touches(statements.find({sql, {}}, params), encode(params, arena), 0);
    }

    Statements statements;
    Arena arena;
    WriteLog log;
};

static constexpr char const* find_key =
    "SELECT message_id FROM message_keys WHERE workspace_id = $1 AND author_id = $2 "
    "AND client_id = $3";
static constexpr char const* insert_key =
    "INSERT INTO message_keys (workspace_id, author_id, client_id, message_id) "
    "VALUES ($1, $2, $3, $4)";

TEST_F(WriteLogTest, a_key_that_another_row_has_taken_does_not_spoil_the_search_for_mine)
{
    note(insert_key, {text("w"), text("ana"), text("k1"), text("m1")});

    EXPECT_FALSE(touches(find_key, {text("w"), text("ana"), text("k2")}));
    EXPECT_FALSE(touches(find_key, {text("w"), text("bob"), text("k1")}));
    EXPECT_TRUE(touches(find_key, {text("w"), text("ana"), text("k1")}));
    EXPECT_TRUE(touches("SELECT count(*) FROM message_keys WHERE workspace_id = $1", {text("w")}));
}

TEST_F(WriteLogTest, the_values_count_by_column_and_not_by_place)
{
    // The row's author is k1 and its client_id ana: both values occur, but not as asked for.
    note(insert_key, {text("w"), text("k1"), text("ana"), text("m1")});

    EXPECT_FALSE(touches(find_key, {text("w"), text("ana"), text("k1")}));
    EXPECT_TRUE(touches(find_key, {text("w"), text("k1"), text("ana")}));
}

TEST_F(WriteLogTest, a_value_that_is_not_a_parameter_proves_nothing)
{
    note("INSERT INTO t (workspace_id, a, b) VALUES ($1, 'x', $2)", {text("w"), text("y")});

    EXPECT_TRUE(
        touches("SELECT b FROM t WHERE workspace_id = $1 AND a = $2", {text("w"), text("z")}));
    EXPECT_FALSE(
        touches("SELECT b FROM t WHERE workspace_id = $1 AND b = $2", {text("w"), text("z")}));
    EXPECT_TRUE(
        touches("SELECT b FROM t WHERE workspace_id = $1 AND c = $2", {text("w"), text("z")}));
}

TEST_F(WriteLogTest, only_conditions_that_must_all_hold_are_terms)
{
    note("INSERT INTO t (workspace_id, a) VALUES ($1, $2)", {text("w"), text("x")});
    std::vector<Param> const other{text("w"), text("other")};

    EXPECT_FALSE(touches("SELECT a FROM t WHERE workspace_id = $1 AND a = $2", other));
    EXPECT_FALSE(touches("SELECT a FROM t AS r WHERE r.workspace_id = $1 AND $2 = r.a "
                         "ORDER BY a LIMIT 5",
        other));
    EXPECT_FALSE(
        touches("SELECT a FROM t WHERE workspace_id = $1 AND a = $2 AND (a = $2 OR b > 1)", other));
    for (auto const* sql : {"SELECT a FROM t WHERE workspace_id = $1 OR a = $2",
             "SELECT a FROM t WHERE workspace_id = $1 AND NOT a = $2",
             "SELECT a FROM t WHERE workspace_id = $1 AND a <> $2",
             "SELECT a FROM t WHERE workspace_id = $1 AND a >= $2",
             "SELECT a FROM t WHERE workspace_id = $1 AND (a = $2 OR b = 1)",
             "SELECT a FROM t WHERE workspace_id = $1 AND b BETWEEN 1 AND a = $2",
             "SELECT a FROM t WHERE workspace_id = $1 AND CASE WHEN b THEN c AND a = $2 AND d END",
             "SELECT a FROM t JOIN u ON true WHERE t.workspace_id = $1 AND u.a = $2",
             "SELECT a FROM t, u WHERE t.workspace_id = $1 AND u.a = $2",
             "SELECT a FROM u WHERE workspace_id = $1 AND a = $2 "
             "AND EXISTS (SELECT 1 FROM t WHERE b = 1)",
             "SELECT a FROM u WHERE workspace_id = $1 AND a = $2 UNION SELECT a FROM t",
             "SELECT a FROM t WHERE workspace_id = $1 AND a = $2 || 'x'",
             "SELECT a, (SELECT count(*) FROM t) FROM u WHERE workspace_id = $1 AND a = $2"})
        EXPECT_TRUE(touches(sql, other)) << sql;
}

TEST_F(WriteLogTest, an_update_keeps_its_rows_apart_by_columns_that_it_does_not_set)
{
    note("UPDATE t SET b = $3 WHERE workspace_id = $1 AND a = $2",
        {text("w"), text("x"), text("y")});

    EXPECT_FALSE(
        touches("SELECT b FROM t WHERE workspace_id = $1 AND a = $2", {text("w"), text("z")}));
    EXPECT_TRUE(
        touches("SELECT b FROM t WHERE workspace_id = $1 AND a = $2", {text("w"), text("x")}));
    EXPECT_TRUE(
        touches("SELECT a FROM t WHERE workspace_id = $1 AND b = $2", {text("w"), text("z")}));
}

TEST_F(WriteLogTest, an_update_of_the_column_itself_may_bring_any_row_in)
{
    note("UPDATE t SET a = $3 WHERE workspace_id = $1 AND a = $2",
        {text("w"), text("x"), text("z")});

    EXPECT_TRUE(
        touches("SELECT b FROM t WHERE workspace_id = $1 AND a = $2", {text("w"), text("z")}));
    EXPECT_FALSE(
        touches("SELECT b FROM t WHERE workspace_id = $1 AND a = $2", {text("v"), text("z")}));
}

TEST_F(WriteLogTest, an_update_of_columns_that_a_read_does_not_name_changes_nothing_for_it)
{
    note("UPDATE t SET b = $3, c = c + 1 WHERE workspace_id = $1 AND a = $2",
        {text("w"), text("x"), text("y")});
    std::vector<Param> const same{text("w"), text("x")};

    EXPECT_FALSE(touches("SELECT d, a FROM t WHERE workspace_id = $1 AND a = $2", same));
    EXPECT_FALSE(touches("SELECT count(*) FROM t r WHERE r.workspace_id = $1 AND r.a = $2", same));
    for (auto const* sql : {"SELECT b FROM t WHERE workspace_id = $1 AND a = $2",
             "SELECT d FROM t WHERE workspace_id = $1 AND a = $2 AND c > 1",
             "SELECT d FROM t WHERE workspace_id = $1 AND a = $2 ORDER BY c",
             "SELECT * FROM t WHERE workspace_id = $1 AND a = $2",
             "SELECT r.* FROM t r WHERE workspace_id = $1 AND a = $2",
             "SELECT to_json(r) FROM t r WHERE workspace_id = $1 AND a = $2",
             "SELECT t::text FROM t WHERE workspace_id = $1 AND a = $2",
             "SELECT d FROM t WHERE workspace_id = $1 AND a = $2 AND t IS NOT NULL"})
        EXPECT_TRUE(touches(sql, same)) << sql;
}

TEST_F(WriteLogTest, an_upsert_may_change_the_row_that_is_there)
{
    note("INSERT INTO t (workspace_id, a, b) VALUES ($1, $2, $3) "
         "ON CONFLICT (workspace_id, a) DO UPDATE SET c = 1",
        {text("w"), text("x"), text("y")});

    EXPECT_FALSE(
        touches("SELECT c FROM t WHERE workspace_id = $1 AND a = $2", {text("w"), text("z")}));
    // The row that is there has another b than the one that was to come in.
    EXPECT_TRUE(
        touches("SELECT c FROM t WHERE workspace_id = $1 AND b = $2", {text("w"), text("z")}));
}

TEST_F(WriteLogTest, writes_of_other_shapes_touch_the_whole_table)
{
    std::vector<Param> const params{text("w"), text("x")};
    std::vector<Param> const other{text("w"), text("z")};
    for (auto const* sql :
        {"INSERT INTO t (workspace_id, a) VALUES ($1, $2), ($1, 'z')",
            "INSERT INTO t (workspace_id, a) SELECT $1, a FROM u WHERE b = $2",
            "INSERT INTO t VALUES ($1, $2)",
            "UPDATE t SET b = 1 FROM u WHERE t.workspace_id = $1 AND t.a = $2",
            "UPDATE t SET (b, a) = ROW (1, 2) WHERE workspace_id = $1 AND a = $2",
            "DELETE FROM t USING u WHERE t.workspace_id = $1 AND t.a = $2",
            "DELETE FROM t WHERE workspace_id = $1 OR a = $2",
            "INSERT INTO t (workspace_id, a) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT k DO UPDATE "
            "SET b = 1"}) {
        log.clear();
        note(sql, params);
        EXPECT_TRUE(touches("SELECT b FROM t WHERE workspace_id = $1 AND a = $2", other)) << sql;
        EXPECT_FALSE(touches("SELECT b FROM v WHERE workspace_id = $1 AND a = $2", other)) << sql;
    }
}

TEST_F(WriteLogTest, values_of_other_types_or_floats_prove_nothing_and_null_equals_nothing)
{
    note("INSERT INTO t (workspace_id, a, b, c) VALUES ($1, $2, $3, $4)",
        {text("w"), number(1), null(), {Type::real, false, 0, 0.0}});

    EXPECT_TRUE(
        touches("SELECT d FROM t WHERE workspace_id = $1 AND a = $2", {text("w"), text("1")}));
    EXPECT_FALSE(
        touches("SELECT d FROM t WHERE workspace_id = $1 AND a = $2", {text("w"), number(2)}));
    EXPECT_FALSE(
        touches("SELECT d FROM t WHERE workspace_id = $1 AND b = $2", {text("w"), text("x")}));
    EXPECT_TRUE(touches("SELECT d FROM t WHERE workspace_id = $1 AND c = $2",
        {text("w"), {Type::real, false, 0, -0.0}}));
}

TEST_F(WriteLogTest, what_is_undone_no_longer_counts)
{
    note("INSERT INTO t (workspace_id) VALUES ($1)", {text("w")});
    auto const before = log.position();
    note("INSERT INTO u (workspace_id) VALUES ($1)", {text("w")});
    note("garbage", {});
    EXPECT_TRUE(touches("SELECT a FROM v WHERE workspace_id = $1", {text("w")}));

    log.forget_after(before);

    EXPECT_FALSE(touches("SELECT a FROM u WHERE workspace_id = $1", {text("w")}));
    EXPECT_TRUE(touches("SELECT a FROM t WHERE workspace_id = $1", {text("w")}));
}

}
