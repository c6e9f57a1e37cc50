#include "net/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace hermod::net {

struct Alarm final : TimerWheel::Entry {
    void on_deadline() override
    {
        ++rang;
        if (then)
            then();
    }
    int rang = 0;
    std::function<void()> then;
};

struct TimerWheelTest : testing::Test {
    static Clock::Steady at(double seconds)
    {
        return Clock::Steady{}
        + std::chrono::round<Clock::Steady::duration>(std::chrono::duration<double>{seconds});
    }
    TimerWheel wheel{at(1000)};
    Alarm alarm;
};

TEST_F(TimerWheelTest, rings_once_after_the_deadline_and_never_before)
{
    wheel.set(alarm, at(1010.2));

    wheel.advance(at(1010.1));
    EXPECT_EQ(alarm.rang, 0);
    wheel.advance(at(1011));
    EXPECT_EQ(alarm.rang, 1);
    wheel.advance(at(2000));
    EXPECT_EQ(alarm.rang, 1);
}

TEST_F(TimerWheelTest, a_deadline_may_move_both_ways)
{
    wheel.set(alarm, at(1010));
    wheel.set(alarm, at(1020));
    wheel.advance(at(1015));
    EXPECT_EQ(alarm.rang, 0);
    wheel.set(alarm, at(1016));
    wheel.advance(at(1017));
    EXPECT_EQ(alarm.rang, 1);
}

TEST_F(TimerWheelTest, a_cleared_deadline_does_not_ring)
{
    wheel.set(alarm, at(1010));
    TimerWheel::clear(alarm);
    wheel.advance(at(1020));
    EXPECT_EQ(alarm.rang, 0);
}

TEST_F(TimerWheelTest, deadlines_beyond_the_horizon_and_long_jumps_are_kept)
{
    wheel.set(alarm, at(1000 + 3600));
    for (int s = 1; s < 3600; s += 7)
        wheel.advance(at(1000 + s));
    EXPECT_EQ(alarm.rang, 0);
    wheel.advance(at(1000 + 9999));
    EXPECT_EQ(alarm.rang, 1);
}

TEST_F(TimerWheelTest, an_entry_may_set_itself_and_others_from_within)
{
    Alarm other;
    alarm.then = [&] {
        wheel.set(alarm, at(1000 + 10 * (alarm.rang + 1)));
        wheel.set(other, at(1005));
    };
    wheel.set(alarm, at(1010));
    wheel.advance(at(1011));
    wheel.advance(at(1012));
    EXPECT_EQ(alarm.rang, 1);
    EXPECT_EQ(other.rang, 1);
    wheel.advance(at(1021));
    EXPECT_EQ(alarm.rang, 2);
}

TEST_F(TimerWheelTest, an_entry_that_is_destroyed_leaves_the_wheel)
{
    {
        Alarm gone;
        wheel.set(gone, at(1005));
        wheel.set(alarm, at(1005));
    }
    wheel.advance(at(1010));
    EXPECT_EQ(alarm.rang, 1);
}

}
