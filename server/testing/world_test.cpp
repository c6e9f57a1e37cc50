#include "base/errors.hpp"
#include "testing/world.hpp"

namespace hermod::testing {

using WorldTest = World;

TEST_F(WorldTest, a_workspace_is_made_by_the_steps_given)
{
    on_new_workspace([](db::Tx& tx) {
        tx.global().run("INSERT INTO instance (name, value) VALUES ($1, $2)", "made", "yes");
    });

    auto const workspace = make_workspace();

    auto const value = read(workspace, [](db::Tx const& tx) {
        return tx.one<std::string>(
            "SELECT value FROM instance WHERE name = 'made' AND $1 IS NOT NULL");
    });
    EXPECT_EQ(value, "yes");
}

TEST_F(WorldTest, every_test_has_a_database_of_its_own)
{
    auto const value = read(make_workspace(), [](db::Tx const& tx) {
        return tx.one<std::string>(
            "SELECT value FROM instance WHERE name = 'made' AND $1 IS NOT NULL");
    });
    EXPECT_EQ(value, std::nullopt);
}

TEST_F(WorldTest, a_problem_thrown_in_a_transaction_arrives_at_the_test)
{
    auto const workspace = make_workspace();

    EXPECT_PROBLEM(
        write(workspace, [](db::Tx&) { throw Problem{Errc::forbidden}; }), Errc::forbidden);
    EXPECT_EQ(outcome_of([] { }), "no problem");
}

TEST_F(WorldTest, the_clock_stands_still_until_it_is_moved)
{
    auto const before = clock.now();
    EXPECT_EQ(write(make_workspace(), [](db::Tx& tx) { return tx.now(); }), before);

    clock.advance(seconds{5});

    EXPECT_EQ(write(make_workspace(), [](db::Tx& tx) { return tx.now(); }), before + seconds{5});
}

}
