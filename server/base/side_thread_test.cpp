#include "base/errors.hpp"
#include "base/side_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace hermod {

class SideThreadTest : public testing::Test {
protected:
    ~SideThreadTest() override { thread.close(); }

    std::string outcome(std::function<void()> work)
    {
        std::string result = "done";
        run_blocking(io, [&]() -> Task<void> {
            try {
                co_await thread.run(work);
            } catch (Problem const& problem) {
                result = info(problem.code).name;
            } catch (std::exception const& e) {
                result = e.what();
            }
        });
        return result;
    }

    Clock clock;
    asio::io_context io{1};
    SideThread thread{2, clock};
};

TEST_F(SideThreadTest, work_runs_on_another_thread)
{
    std::thread::id there;

    EXPECT_EQ(outcome([&] { there = std::this_thread::get_id(); }), "done");

    EXPECT_NE(there, std::this_thread::get_id());
    EXPECT_NE(there, std::thread::id{});
}

TEST_F(SideThreadTest, what_the_work_throws_arrives)
{
    EXPECT_EQ(outcome([] { throw std::runtime_error{"broken"}; }), "broken");
    EXPECT_EQ(outcome([] { }), "done");
}

TEST_F(SideThreadTest, a_full_queue_refuses_and_a_closed_one_finishes_first)
{
    std::promise<void> gate;
    auto const open = gate.get_future().share();
    std::promise<void> started;
    std::atomic<int> done = 0;
    std::vector<std::string> outcomes;
    Tasks tasks;
    auto const spawn = [&](std::function<void()> work) {
        tasks.spawn(io, "work", [&, work]() -> Task<void> {
            try {
                co_await thread.run(work);
                outcomes.emplace_back("done");
            } catch (Problem const& problem) {
                outcomes.emplace_back(info(problem.code).name);
            }
        });
        io.restart();
        io.poll();
    };
    spawn([&] {
        started.set_value();
        open.wait();
        ++done;
    });
    started.get_future().wait();
    spawn([&] { ++done; });
    spawn([&] { ++done; });
    spawn([&] { ++done; });
    EXPECT_EQ(outcomes, std::vector<std::string>{"overloaded"});

    gate.set_value();
    thread.close();

    EXPECT_EQ(done, 3);
    io.restart();
    io.run();
    EXPECT_EQ(outcomes.size(), 4U);
    EXPECT_EQ(outcome([] { }), "draining");
}

}
