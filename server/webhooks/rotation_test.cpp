#include "webhooks/rotation.hpp"
#include <gtest/gtest.h>

namespace hermod::webhooks {
namespace {

class RotationTest : public ::testing::Test {
protected:
    std::shared_ptr<Tenant> tenant() { return std::make_shared<Tenant>(WorkspaceId::make(now)); }
    /// An endpoint of the workspace with that many deliveries.
    std::shared_ptr<Endpoint> endpoint(std::shared_ptr<Tenant> const& of, int deliveries)
    {
        auto made = std::make_shared<Endpoint>(WebhookId::make(now));
        made->enabled = true;
        of->endpoints.emplace(made->id, made);
        for (int i = 0; i < deliveries; ++i)
            made->queue.add({{.log_offset = ++offset,
                                .id = {},
                                .conversation_id = {},
                                .attempts = 0,
                                .tries = 0,
                                .parked = false,
                                .next_at = now}},
                now);
        rotation.offer(of, made, now);
        return made;
    }
    /// What may start now, by endpoint.
    std::map<std::shared_ptr<Endpoint>, std::vector<Rotation::Pick>> start()
    {
        std::map<std::shared_ptr<Endpoint>, std::vector<Rotation::Pick>> started;
        while (auto pick = rotation.next(now))
            started[pick->endpoint].push_back(*pick);
        return started;
    }
    void end(Rotation::Pick const& pick, bool success = true, milliseconds took = {})
    {
        pick.endpoint->queue.end(pick.entry, {}, now);
        rotation.ended(pick, success, took, now);
    }

    void end_all(std::shared_ptr<Endpoint> const& of)
    {
        auto const started = start();
        for (auto const& pick : started.at(of))
            end(pick);
    }

    Timestamp now = Timestamp::from_s(1'800'000'000);
    std::int64_t offset = 0;
    Rotation rotation{{.concurrency = 16, .per_endpoint = 4}};
};

TEST_F(RotationTest, an_endpoint_that_answers_well_gets_more_at_once_up_to_its_share)
{
    auto const one = endpoint(tenant(), 100);
    std::vector<std::size_t> at_once;
    for (int round = 0; round < 4; ++round) {
        auto const started = start();
        at_once.push_back(started.at(one).size());
        for (auto const& pick : started.at(one))
            end(pick);
    }

    EXPECT_EQ(at_once, (std::vector<std::size_t>{1, 2, 4, 4}));
}

TEST_F(RotationTest, one_that_fails_or_is_slow_gets_less)
{
    auto const one = endpoint(tenant(), 100);
    for (int round = 0; round < 3; ++round)
        end_all(one);
    EXPECT_EQ(one->window, 4);
    auto const started = start();
    ASSERT_EQ(started.at(one).size(), 4U);

    end(started.at(one)[0], true, milliseconds{2001});
    EXPECT_EQ(one->window, 2);
    end(started.at(one)[1], false);
    EXPECT_EQ(one->window, 1);
    EXPECT_FALSE(one->prompt);
}

TEST_F(RotationTest, dead_endpoints_never_take_the_places_of_those_that_work)
{
    auto const bad = tenant();
    auto const other = tenant();
    for (int i = 0; i < 50; ++i)
        endpoint(i % 2 ? bad : other, 10);
    auto const good = tenant();
    auto const quick = endpoint(good, 100);
    auto const also = endpoint(good, 100);
    for (auto const& works : {quick, also}) {
        works->prompt = true;
        works->window = 4;
    }

    auto const started = start();

    EXPECT_EQ(started.at(quick).size(), 4U);
    EXPECT_EQ(started.at(also).size(), 4U);
    EXPECT_EQ(rotation.in_flight(), 16); // of which 8 hang
    EXPECT_EQ(bad->in_flight_slow, 4);
    EXPECT_EQ(other->in_flight_slow, 4);
    for (auto const& pick : started.at(quick))
        end(pick);
    EXPECT_EQ(start().at(quick).size(), 4U);
}

TEST_F(RotationTest, a_place_that_a_slow_one_leaves_goes_to_one_that_waits)
{
    auto const bad = tenant();
    std::vector<std::shared_ptr<Endpoint>> endpoints;
    for (int i = 0; i < 6; ++i)
        endpoints.push_back(endpoint(bad, 1));
    auto const started = start();
    EXPECT_EQ(started.size(), 4U); // a quarter of the places

    end(started.begin()->second.front(), false);

    EXPECT_EQ(start().size(), 1U);
}

TEST_F(RotationTest, workspaces_take_turns_and_none_takes_all)
{
    auto const large = tenant();
    auto const small = tenant();
    for (int i = 0; i < 20; ++i) {
        auto const one = endpoint(large, 10);
        one->prompt = true;
        one->window = 4;
        rotation.offer(large, one, now);
    }
    auto const only = endpoint(small, 10);
    only->prompt = true;
    only->window = 4;

    auto const started = start();

    EXPECT_EQ(started.at(only).size(), 4U);
    EXPECT_EQ(large->in_flight, 12);
}

TEST_F(RotationTest, what_is_disabled_paced_or_held_does_not_start)
{
    auto const one = endpoint(tenant(), 10);
    one->enabled = false;
    EXPECT_TRUE(start().empty());
    one->enabled = true;
    one->paced_until = now + seconds{10};
    rotation.offer(tenant(), one, now);
    EXPECT_TRUE(start().empty());
    one->paced_until.reset();
    one->circuit = Circuit{now + seconds{10}, 1};
    EXPECT_FALSE(one->may_start(now));

    now = now + seconds{10};

    EXPECT_TRUE(one->may_start(now));
}

}
}
