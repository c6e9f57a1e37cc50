#include "webhooks/circuit.hpp"
#include <gtest/gtest.h>

namespace hermod::webhooks {
namespace {

class CircuitTest : public ::testing::Test {
protected:
    bool attempt(bool success)
    {
        circuit.began(now);
        return circuit.ended(success, now);
    }
    void pass(seconds time) { now = now + time; }

    Timestamp now = Timestamp::from_s(1'800'000'000);
    Circuit circuit;
};

TEST_F(CircuitTest, opens_where_half_of_ten_attempts_in_a_minute_failed)
{
    for (int i = 0; i < 5; ++i)
        attempt(true);
    for (int i = 0; i < 4; ++i)
        EXPECT_FALSE(attempt(false));
    EXPECT_TRUE(circuit.allows(now));

    EXPECT_TRUE(attempt(false));

    EXPECT_FALSE(circuit.allows(now));
    EXPECT_EQ(circuit.open_until(), now + seconds{30});
}

TEST_F(CircuitTest, stays_closed_where_less_fails_or_it_is_long_ago)
{
    for (int i = 0; i < 60; ++i)
        EXPECT_FALSE(attempt(i % 5 < 3)); // 2 of 5 fail
    pass(seconds{70});
    for (int i = 0; i < 9; ++i)
        EXPECT_FALSE(attempt(false));
    pass(seconds{70});
    for (int i = 0; i < 9; ++i)
        EXPECT_FALSE(attempt(false));

    EXPECT_TRUE(circuit.allows(now));
}

TEST_F(CircuitTest, lets_one_through_to_probe_and_doubles_its_pause_up_to_half_an_hour)
{
    for (int i = 0; i < 10; ++i)
        attempt(false);
    seconds pause{30};
    for (int i = 0; i < 12; ++i) {
        EXPECT_EQ(circuit.open_until(), now + pause);
        pass(pause);
        EXPECT_TRUE(circuit.allows(now));
        circuit.began(now);
        EXPECT_FALSE(circuit.allows(now));
        EXPECT_TRUE(circuit.ended(false, now));
        pause = std::min(pause * 2, seconds{1800});
    }

    pass(pause);
    EXPECT_TRUE(attempt(true));
    EXPECT_TRUE(circuit.allows(now));
    EXPECT_EQ(circuit.opened(), 0);
}

TEST_F(CircuitTest, a_probe_that_did_not_take_place_lets_another_through)
{
    circuit = Circuit{now + seconds{30}, 1};
    EXPECT_FALSE(circuit.allows(now));
    pass(seconds{30});
    circuit.began(now);
    EXPECT_FALSE(circuit.allows(now));

    circuit.given_up();

    EXPECT_TRUE(circuit.allows(now));
}

}
}
