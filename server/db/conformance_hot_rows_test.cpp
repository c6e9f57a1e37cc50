#include "db/conformance.hpp"

#include <array>
#include <random>

namespace hermod::db {

static constexpr HotTable hot_counters{
    .table = "counters",
    .key = "id",
    .select = "SELECT a, b FROM counters WHERE workspace_id = $1 AND id = $2",
    .update = "UPDATE counters SET a = $3, b = $4 WHERE workspace_id = $1 AND id = $2",
    .columns = 2,
};

using Pair = std::tuple<std::int64_t, std::int64_t>;

static Uuid key_of(int i)
{
    Uuid key{};
    key[0] = static_cast<std::uint8_t>(i + 1);
    return key;
}

static Id<"cnt"> id_of(int i)
{
    return Id<"cnt">{key_of(i)};
}

static void insert_counter(Tx& tx, int i, std::int64_t a, std::int64_t b)
{
    tx.run("INSERT INTO counters (workspace_id, id, a, b) VALUES ($1, $2, $3, $4)", id_of(i), a, b);
}

static std::optional<Pair> stored(Tx const& tx, int i)
{
    return tx.one<Pair>("SELECT a, b FROM counters WHERE workspace_id = $1 AND id = $2", id_of(i));
}

static void count_up(Tx& tx, int i = 0)
{
    auto* const row = tx.find_hot(hot_counters, key_of(i));
    row->set(0, (*row)[0] + 1);
}

TEST_P(Conformance, a_hot_row_counts_the_lambdas_of_a_batch_that_did_well)
{
    auto const workspace = new_workspace();
    write(workspace, [](Tx& tx) { insert_counter(tx, 0, 0, 7); });
    std::vector<Body> bodies;
    for (int i = 0; i < 300; ++i)
        bodies.push_back(writing(workspace, [i](Tx& tx) {
            count_up(tx);
            if (i % 4 == 3)
                throw Problem{Errc::forbidden};
        }));

    run_queued(workspace, bodies);

    EXPECT_EQ(read(workspace, [](Tx const& tx) { return stored(tx, 0); }), (Pair{225, 7}));
}

TEST_P(Conformance, a_hot_row_that_does_not_exist_is_not_found)
{
    EXPECT_FALSE(write(
        new_workspace(), [](Tx& tx) { return tx.find_hot(hot_counters, key_of(0)) != nullptr; }));
}

TEST_P(Conformance, a_hot_row_of_another_workspace_is_not_found)
{
    auto const workspace = new_workspace();
    auto const other = new_workspace_beside(workspace);
    write(workspace, [](Tx& tx) { insert_counter(tx, 0, 1, 1); });
    std::atomic<bool> found = true;

    run_queued(
        workspace, {writing(workspace, [](Tx& tx) { count_up(tx); }), writing(other, [&](Tx& tx) {
                        found = tx.find_hot(hot_counters, key_of(0)) != nullptr;
                    })});

    EXPECT_FALSE(found);
}

TEST_P(Conformance, other_statements_see_what_was_set_in_a_hot_row)
{
    auto const workspace = new_workspace();
    write(workspace, [](Tx& tx) { insert_counter(tx, 0, 1, 1); });

    auto const seen = write(workspace, [](Tx& tx) {
        auto* const row = tx.find_hot(hot_counters, key_of(0));
        row->set(0, 41);
        auto const first = stored(tx, 0);
        row->set(0, 42);
        row->set(1, -1);
        auto const second = stored(tx, 0);
        return std::pair{first, second};
    });

    EXPECT_EQ(seen.first, (Pair{41, 1}));
    EXPECT_EQ(seen.second, (Pair{42, -1}));
}

TEST_P(Conformance, a_hot_row_sees_what_other_statements_wrote)
{
    auto const workspace = new_workspace();
    write(workspace, [](Tx& tx) { insert_counter(tx, 0, 1, 1); });

    auto const seen = write(workspace, [](Tx& tx) {
        auto* const row = tx.find_hot(hot_counters, key_of(0));
        row->set(0, 10);
        tx.run(
            "UPDATE counters SET a = a * 2, b = 5 WHERE workspace_id = $1 AND id = $2", id_of(0));
        std::vector<std::int64_t> values{(*row)[0], (*row)[1]};
        row->set(0, (*row)[0] + 1);
        return values;
    });

    EXPECT_EQ(seen, (std::vector<std::int64_t>{20, 5}));
    EXPECT_EQ(read(workspace, [](Tx const& tx) { return stored(tx, 0); }), (Pair{21, 5}));
}

TEST_P(Conformance, an_inserted_hot_row_vanishes_with_its_lambda)
{
    auto const workspace = new_workspace();
    std::atomic<int> found_later = -1;
    std::array<std::int64_t, 2> const values{3, 4};

    auto const errors = run_queued(workspace,
        {writing(workspace,
             [&](Tx& tx) {
                 insert_counter(tx, 0, 3, 4);
                 tx.insert_hot(hot_counters, key_of(0), values).set(0, 9);
                 throw Problem{Errc::forbidden};
             }),
            writing(workspace,
                [&](Tx& tx) { found_later = tx.find_hot(hot_counters, key_of(0)) ? 1 : 0; }),
            writing(workspace, [&](Tx& tx) {
                insert_counter(tx, 0, 3, 4);
                tx.insert_hot(hot_counters, key_of(0), values).set(1, 5);
            })});

    EXPECT_EQ(found_later, 0);
    EXPECT_EQ(name_of(errors[2]), "nothing");
    EXPECT_EQ(read(workspace, [](Tx const& tx) { return stored(tx, 0); }), (Pair{3, 5}));
}

TEST_P(Conformance, a_hot_row_deleted_by_a_statement_is_gone)
{
    auto const workspace = new_workspace();
    write(workspace, [](Tx& tx) { insert_counter(tx, 0, 1, 1); });

    auto const found = write(workspace, [](Tx& tx) {
        count_up(tx);
        tx.run("DELETE FROM counters WHERE workspace_id = $1 AND id = $2", id_of(0));
        return tx.find_hot(hot_counters, key_of(0)) != nullptr;
    });

    EXPECT_FALSE(found);
    EXPECT_EQ(read(workspace, [](Tx const& tx) { return stored(tx, 0); }), std::nullopt);
}

/// What a λ of the random test does, and what it must find.
struct Step {
    enum Kind { set, read_back, overwrite, look } kind;
    int row;
    int column;
    std::int64_t value;
    Pair expected;
};

static void perform_step(Tx& tx, Step const& step)
{
    auto const is_a = step.column == 0;
    switch (step.kind) {
    case Step::set:
        tx.find_hot(hot_counters, key_of(step.row))->set(step.column, step.value);
        break;
    case Step::read_back:
        if (stored(tx, step.row) != step.expected)
            throw std::runtime_error{"a statement did not see a hot row's value"};
        break;
    case Step::overwrite:
        tx.run(is_a ? "UPDATE counters SET a = $3 WHERE workspace_id = $1 AND id = $2"
                    : "UPDATE counters SET b = $3 WHERE workspace_id = $1 AND id = $2",
            id_of(step.row), step.value);
        break;
    case Step::look: {
        auto const& row = *tx.find_hot(hot_counters, key_of(step.row));
        if (Pair{row[0], row[1]} != step.expected)
            throw std::runtime_error{"a hot row did not have the value written"};
        break;
    }
    }
}

TEST_P(Conformance, hot_rows_and_statements_agree_in_any_order)
{
    std::mt19937 random{20261120}; // the same every time
    auto const pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (int round = 0; round < 8; ++round) {
        auto const workspace = new_workspace();
        std::array<Pair, 3> model{};
        write(workspace, [](Tx& tx) {
            for (int i = 0; i < 3; ++i)
                insert_counter(tx, i, 0, 0);
        });
        std::vector<Body> bodies;
        std::vector<bool> fails;
        for (int n = 0; n < 120; ++n) {
            auto after = model;
            std::vector<Step> steps;
            for (int k = pick(6); k >= 0; --k) {
                Step step{static_cast<Step::Kind>(pick(4)), pick(3), pick(2), pick(1000), {}};
                auto& pair = after[static_cast<std::size_t>(step.row)];
                if (step.kind == Step::set || step.kind == Step::overwrite)
                    (step.column == 0 ? std::get<0>(pair) : std::get<1>(pair)) = step.value;
                step.expected = pair;
                steps.push_back(step);
            }
            bool const fail = pick(3) == 0;
            fails.push_back(fail);
            if (!fail)
                model = after;
            bodies.push_back(writing(workspace, [steps, fail](Tx& tx) {
                for (auto const& step : steps)
                    perform_step(tx, step);
                if (fail)
                    throw Problem{Errc::forbidden};
            }));
        }

        auto const errors = run_queued(workspace, bodies);

        for (std::size_t i = 0; i < errors.size(); ++i)
            EXPECT_EQ(name_of(errors[i]), fails[i] ? "forbidden" : "nothing") << round << ' ' << i;
        for (int i = 0; i < 3; ++i)
            EXPECT_EQ(read(workspace, [i](Tx const& tx) { return stored(tx, i); }),
                model[static_cast<std::size_t>(i)]);
    }
}

}
