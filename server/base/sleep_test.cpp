#include "base/sleep.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace hermod {

/// Wall time that can be set apart from the steady clock, as an operator or NTP sets a machine's.
class MachineClock final : public Clock {
public:
    Timestamp now() const override
    {
        return Timestamp::from_s(1'800'000'000) + microseconds{offset_us_.load()} + set_by;
    }
    Steady steady() const override { return Steady{} + microseconds{steady_offset_us_.load()}; }
    void set_wall_time(microseconds by)
    {
        set_by += by;
        advance(microseconds{0});
    }

private:
    microseconds set_by{0};
};

TEST(SleepTest, an_interval_ends_in_time_though_wall_time_was_set_back)
{
    MachineClock clock;
    asio::io_context io{1};
    Tasks tasks;
    auto const settle = [&] {
        io.restart();
        io.poll();
    };
    int looks = 0;
    tasks.spawn(io, "looks", [&]() -> Task<void> {
        for (; looks < 3; ++looks)
            co_await sleep_for(clock, std::chrono::seconds{3});
    });
    settle();

    clock.set_wall_time(-std::chrono::hours{1});
    settle();
    EXPECT_EQ(looks, 0);
    for (int i = 1; i <= 3; ++i) {
        clock.advance(std::chrono::seconds{3});
        settle();
        EXPECT_EQ(looks, i);
    }

    EXPECT_EQ(tasks.running(), 0U);
}

TEST(ClockTest, monotonic_time_does_not_go_back_with_wall_time)
{
    FakeClock clock;
    auto const wall = clock.now();
    auto const steady = clock.steady();

    clock.advance(-std::chrono::hours{1});

    EXPECT_EQ(clock.now(), wall - std::chrono::hours{1});
    EXPECT_EQ(clock.steady(), steady);
}

TEST(SleepTest, an_interval_is_not_over_because_wall_time_was_set_forward)
{
    MachineClock clock;
    asio::io_context io{1};
    Tasks tasks;
    tasks.spawn(
        io, "sleeps", [&]() -> Task<void> { co_await sleep_for(clock, std::chrono::seconds{3}); });
    io.poll();

    clock.set_wall_time(std::chrono::hours{1});
    io.restart();
    io.poll();
    EXPECT_EQ(tasks.running(), 1U);
    clock.advance(std::chrono::seconds{3});
    io.restart();
    io.poll();

    EXPECT_EQ(tasks.running(), 0U);
}

}
