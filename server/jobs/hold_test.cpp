#include "jobs/hold.hpp"
#include "testing/world.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hermod::jobs {
namespace {

class HoldTest : public testing::World {
protected:
    HoldTest()
    {
        watch.tell([this](bool held) { told.push_back(held); });
    }
    ~HoldTest() override
    {
        std::thread stopper{[this] { tasks.stop(); }};
        drive_until([this] { return tasks.running() == 0; });
        stopper.join();
    }

    template <class F>
    auto write_global(F body)
    {
        return run(db.system().write(body));
    }

    Tasks tasks;
    HoldWatch watch{db, clock, metrics};
    std::vector<bool> told;
};

}

TEST_F(HoldTest, a_hold_outlives_the_process_and_tells_since_when_and_why)
{
    auto const since = clock.now();
    write_global([](db::GlobalTx& tx) {
        begin_hold(tx, "a reason");
        return 0;
    });
    clock.advance(std::chrono::hours{1});
    write_global([](db::GlobalTx& tx) {
        begin_hold(tx, "another");
        return 0;
    });

    run(watch.load());

    EXPECT_EQ(told, std::vector{true});
    EXPECT_TRUE(watch.is_held());
    auto const hold = write_global([](db::GlobalTx& tx) { return *find_hold(tx); });
    EXPECT_EQ(hold.why, "a reason");
    EXPECT_EQ(hold.since.unix_ms(), since.unix_ms());
    EXPECT_TRUE(metrics.text().contains("hermod_jobs_hold 1"));
}

TEST_F(HoldTest, another_process_begins_and_ends_it)
{
    run(watch.load());
    tasks.spawn(io, "hold watch", [this] { return watch.run(); });

    write_global([](db::GlobalTx& tx) {
        begin_hold(tx, "by hand");
        return 0;
    });
    ASSERT_TRUE(drive_until([&] {
        clock.advance(seconds{1});
        return told.size() == 2;
    }));
    EXPECT_TRUE(write_global([](db::GlobalTx& tx) { return end_hold(tx); }));
    ASSERT_TRUE(drive_until([&] {
        clock.advance(seconds{1});
        return told.size() == 3;
    }));

    EXPECT_EQ(told, (std::vector{false, true, false}));
    EXPECT_FALSE(write_global([](db::GlobalTx& tx) { return end_hold(tx); }));
}

}
