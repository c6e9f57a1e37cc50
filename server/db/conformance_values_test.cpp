#include "db/conformance.hpp"

#include <limits>

namespace hermod::db {

using ThingId = Id<"thg">;

struct Thing {
    ThingId id;
    std::optional<std::int64_t> number;
    std::optional<double> ratio;
    std::optional<bool> flag;
    std::optional<std::string> label;
    std::optional<Digest> digest;
    std::optional<PersonId> other;
};
BOOST_DESCRIBE_STRUCT(Thing, (), (id, number, ratio, flag, label, digest, other))

struct ShortThing {
    ThingId id;
    std::optional<std::string> label;
};
BOOST_DESCRIBE_STRUCT(ShortThing, (), (id, label))

static bool operator==(Thing const& a, Thing const& b)
{
    return a.id == b.id && a.number == b.number && a.ratio == b.ratio && a.flag == b.flag
        && a.label == b.label && a.digest == b.digest && a.other == b.other;
}

static ThingId new_id()
{
    return ThingId::make(Timestamp::from_s(1));
}

static void insert(Tx& tx, Thing const& thing)
{
    tx.run(R"sql(
        INSERT INTO things (workspace_id, id, number, ratio, flag, label, digest, other)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8))sql",
        thing.id, thing.number, thing.ratio, thing.flag, thing.label, thing.digest, thing.other);
}

template <class T>
static std::optional<T> find(Tx const& tx, ThingId const& id)
{
    return tx.one<T>("SELECT {columns} FROM things WHERE workspace_id = $1 AND id = $2", id);
}

static std::vector<Thing> exact_values()
{
    using Limits = std::numeric_limits<std::int64_t>;
    Digest bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(i * 8 + (i % 3)); // begins with a zero byte
    std::vector<Thing> things;
    things.push_back({.id = new_id(),
        .number = Limits::min(),
        .ratio = -0.1,
        .flag = false,
        .label = "",
        .digest = Digest{},
        .other = PersonId{}});
    things.push_back({.id = new_id(),
        .number = Limits::max(),
        .ratio = 1e300,
        .flag = true,
        .label = "it's \"quoted\" \\ $1 {columns} %s\n\ttab",
        .digest = bytes,
        .other = PersonId::make(Timestamp::from_s(2))});
    things.push_back({.id = new_id(),
        .number = 0,
        .ratio = 0.0,
        .flag = true,
        .label = "Grüße 👩‍👩‍👧‍👦 你好 \u202e",
        .digest = bytes,
        .other = {}});
    things.push_back({.id = new_id(),
        .number = -1,
        .ratio = std::numeric_limits<double>::min(),
        .flag = false,
        .label = std::string(300'000, 'x') + "é",
        .digest = {},
        .other = {}});
    things.push_back({.id = new_id(),
        .number = {},
        .ratio = {},
        .flag = {},
        .label = {},
        .digest = {},
        .other = {}});
    things.push_back({.id = new_id(),
        .number = 12,
        .ratio = 12.0,
        .flag = {},
        .label = "007",
        .digest = {},
        .other = {}}); // text that looks like a number stays text
    return things;
}

TEST_P(Conformance, values_come_back_exactly)
{
    auto const workspace = new_workspace();
    auto const things = exact_values();

    write(workspace, [&](Tx& tx) {
        for (auto const& thing : things)
            insert(tx, thing);
    });

    for (auto const& thing : things) {
        auto const in_read =
            read(workspace, [&](Tx const& tx) { return find<Thing>(tx, thing.id); });
        auto const in_write = write(workspace, [&](Tx& tx) { return find<Thing>(tx, thing.id); });
        ASSERT_TRUE(in_read && in_write);
        EXPECT_TRUE(*in_read == thing) << in_read->label.value_or("null");
        EXPECT_TRUE(*in_write == thing) << in_write->label.value_or("null");
    }
}

TEST_P(Conformance, json_is_kept_byte_for_byte)
{
    auto const workspace = new_workspace();
    JsonText const json{R"({"b": 1.0,"a":[null, "\u00e9"],  "b":2})"};
    auto const id = new_id();

    write(workspace, [&](Tx& tx) {
        tx.run("INSERT INTO things (workspace_id, id, label) VALUES ($1, $2, $3)", id, json);
    });

    auto const label = read(workspace, [&](Tx const& tx) {
        return tx.one<JsonText>("SELECT label FROM things WHERE workspace_id = $1 AND id = $2", id);
    });
    ASSERT_TRUE(label);
    EXPECT_EQ(label->text, json.text);
}

TEST_P(Conformance, parameters_are_found_by_their_number_wherever_they_stand)
{
    auto const workspace = new_workspace();
    Thing const thing{.id = new_id(),
        .number = 5,
        .ratio = {},
        .flag = {},
        .label = "five",
        .digest = {},
        .other = {}};
    write(workspace, [&](Tx& tx) { insert(tx, thing); });

    auto const found = read(workspace, [&](Tx const& tx) {
        return tx.one<std::string>("SELECT label FROM things "
                                   "WHERE number = $3 AND id = $2 AND $3 > 0 AND workspace_id = $1",
            thing.id, std::int64_t{5});
    });

    EXPECT_EQ(found, "five");
}

TEST_P(Conformance, one_text_serves_several_structs)
{
    auto const workspace = new_workspace();
    Thing const thing{.id = new_id(),
        .number = 5,
        .ratio = {},
        .flag = {},
        .label = "five",
        .digest = {},
        .other = {}};
    write(workspace, [&](Tx& tx) { insert(tx, thing); });

    read(workspace, [&](Tx const& tx) {
        static constexpr std::string_view sql =
            "SELECT {columns} FROM things WHERE workspace_id = $1 AND id = $2";
        for (int i = 0; i < 3; ++i) {
            auto const whole = tx.one<Thing>(sql, thing.id);
            auto const part = tx.one<ShortThing>(sql, thing.id);
            EXPECT_TRUE(whole && *whole == thing);
            EXPECT_TRUE(part && part->label == "five");
        }
    });
}

TEST_P(Conformance, a_statement_is_used_again_with_other_values)
{
    auto const workspace = new_workspace();

    write(workspace, [&](Tx& tx) {
        for (std::int64_t i = 1; i <= 500; ++i) {
            // Null now and then: what was bound before must not shine through.
            auto const label = i % 5 == 0 ? std::nullopt : std::optional{std::to_string(i)};
            insert(tx,
                {.id = new_id(),
                    .number = i,
                    .ratio = {},
                    .flag = {},
                    .label = label,
                    .digest = {},
                    .other = {}});
        }
    });

    auto const rows = read(workspace, [](Tx const& tx) {
        return tx.all<std::tuple<std::int64_t, std::optional<std::string>>>(
            "SELECT number, label FROM things WHERE workspace_id = $1 ORDER BY number");
    });
    ASSERT_EQ(rows.size(), 500U);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto const& [number, label] = rows[i];
        EXPECT_EQ(number, static_cast<std::int64_t>(i) + 1);
        EXPECT_EQ(label.has_value(), number % 5 != 0);
    }
}

TEST_P(Conformance, counted_writes_tell_how_many_rows_they_touched)
{
    auto const workspace = new_workspace();
    write(workspace, [&](Tx& tx) {
        for (std::int64_t i = 0; i < 7; ++i)
            tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, $3)", i, "x");
    });

    auto const counts = write(workspace, [](Tx& tx) {
        std::vector<std::int64_t> counted;
        counted.push_back(tx.run_counted(
            "UPDATE lines SET body = 'y' WHERE workspace_id = $1 AND position < $2", 5));
        counted.push_back(
            tx.run_counted("DELETE FROM lines WHERE workspace_id = $1 AND position = $2", 99));
        counted.push_back(tx.run_counted("INSERT INTO lines (workspace_id, position, body) "
                                         "VALUES ($1, $2, 'z') ON CONFLICT DO NOTHING",
            0));
        counted.push_back(tx.run_counted("INSERT INTO lines (workspace_id, position, body) "
                                         "VALUES ($1, $2, 'z') ON CONFLICT DO NOTHING",
            100));
        return counted;
    });

    EXPECT_EQ(counts, (std::vector<std::int64_t>{5, 0, 0, 1}));
}

TEST_P(Conformance, a_write_may_return_rows)
{
    auto const workspace = new_workspace();

    auto const positions = write(workspace, [](Tx& tx) {
        return tx.all<std::int64_t>("INSERT INTO lines (workspace_id, position, body) "
                                    "VALUES ($1, $2, 'a'), ($1, $3, 'b') RETURNING position",
            1, 2);
    });

    EXPECT_EQ(positions.size(), 2U);
    EXPECT_EQ(read(workspace,
                  [](Tx const& tx) {
                      return tx.one<std::int64_t>(
                          "SELECT COUNT(*) FROM lines WHERE workspace_id = $1");
                  }),
        2);
}

TEST_P(Conformance, nothing_found_is_nothing)
{
    auto const workspace = new_workspace();

    EXPECT_FALSE(read(workspace, [](Tx const& tx) { return find<Thing>(tx, new_id()); }));
    EXPECT_TRUE(read(workspace, [](Tx const& tx) {
        return tx.all<Thing>("SELECT {columns} FROM things WHERE workspace_id = $1");
    }).empty());
}

TEST_P(Conformance, global_tables_have_their_own_door)
{
    run([&]() -> Task<void> {
        auto system = db->system();
        co_await system.write([](GlobalTx& tx) {
            tx.run("INSERT INTO instance (name, value) VALUES ($1, $2)", "color", "blue");
        });
    });

    auto const value = get<std::optional<std::string>>([&]() -> Task<std::optional<std::string>> {
        auto system = db->system();
        co_return co_await system.read([](GlobalTx const& tx) {
            return tx.one<std::string>("SELECT value FROM instance WHERE name = $1", "color");
        });
    });
    EXPECT_EQ(value, "blue");
}

TEST_P(Conformance, a_workspace_writes_global_tables_in_its_own_transaction)
{
    auto const workspace = new_workspace();
    auto const put = [&](bool fails) {
        write(workspace, [&](Tx& tx) {
            tx.global().run("INSERT INTO instance (name, value) VALUES ($1, $2)",
                std::string{fails ? "undone" : "done"}, "1");
            tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, 'x')", 1);
            if (fails)
                throw Problem{Errc::forbidden};
        });
    };

    EXPECT_THROW(put(true), Problem);
    put(false);

    auto const names = write(workspace, [](Tx& tx) {
        return tx.global().all<std::string>("SELECT name FROM instance ORDER BY name");
    });
    EXPECT_EQ(names, (std::vector<std::string>{"done"}));
}

}
