#include "jobs/leases.hpp"
#include "testing/world.hpp"

#include <gtest/gtest.h>

#include <set>

namespace hermod::jobs {
namespace {

class FakeHolder final : public ShardHolder {
public:
    void gain(std::vector<int> const& shards) override
    {
        works.insert(shards.begin(), shards.end());
    }
    void lose(std::vector<int> const& shards) override
    {
        for (auto const shard : shards)
            works.erase(shard);
    }
    int under_way(int shard) const override { return busy.contains(shard) ? 1 : 0; }

    std::set<int> works;
    std::set<int> busy;
};

class ShardLeasesTest : public testing::World {
protected:
    /// What two holders work on must never overlap.
    static bool overlap(FakeHolder const& a, FakeHolder const& b)
    {
        return std::ranges::any_of(a.works, [&](int shard) { return b.works.contains(shard); });
    }
    FakeHolder first_holder;
    FakeHolder second_holder;
    ShardLeases first{db, clock, first_holder};
    ShardLeases second{db, clock, second_holder};
};

TEST_F(ShardLeasesTest, an_embedded_database_gives_this_process_every_shard)
{
    if (db.engine() != db::Engine::sqlite)
        GTEST_SKIP() << "of SQLite";
    run(first.run());
    EXPECT_EQ(first_holder.works.size(), 64U);
}

TEST_F(ShardLeasesTest, two_nodes_share_and_a_busy_shard_is_given_up_when_it_is_idle)
{
    if (db.engine() != db::Engine::postgres)
        GTEST_SKIP() << "of PostgreSQL";
    run(first.renew());
    EXPECT_EQ(first_holder.works.size(), 64U);
    first_holder.busy = {63};

    run(second.renew()); // finds everything taken, but is counted
    EXPECT_TRUE(second_holder.works.empty());
    run(first.renew()); // stops working on what is over its share
    EXPECT_EQ(first_holder.works.size(), 32U);
    run(first.renew()); // and lets go of it
    run(second.renew());
    EXPECT_EQ(second_holder.works.size(), 31U);
    EXPECT_FALSE(overlap(first_holder, second_holder));

    first_holder.busy.clear();
    run(first.renew());
    run(second.renew());
    EXPECT_EQ(second_holder.works.size(), 32U);
    EXPECT_FALSE(overlap(first_holder, second_holder));
}

TEST_F(ShardLeasesTest, what_a_node_releases_another_takes_at_once)
{
    if (db.engine() != db::Engine::postgres)
        GTEST_SKIP() << "of PostgreSQL";
    run(first.renew());
    run(first.release());

    run(second.renew());

    EXPECT_EQ(second_holder.works.size(), 64U);
}

}
}
