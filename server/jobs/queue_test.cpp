#include "jobs/queue.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hermod::jobs {
namespace {

constexpr Timestamp now = Timestamp{1'000'000'000};

WorkspaceId workspace(std::uint8_t n)
{
    Uuid bytes{};
    bytes[15] = n;
    return WorkspaceId{bytes};
}

Entry entry(std::int64_t position, std::string key = {}, Lane lane = Lane::conversation,
    Timestamp run_at = now)
{
    return {position, JobId::make(now), lane, std::move(key), State::queued, run_at};
}

std::vector<std::int64_t> drain(Queue& queue)
{
    std::vector<std::int64_t> order;
    while (auto const pick = queue.next())
        order.push_back(pick->entry.position);
    return order;
}

TEST(Queue, jobs_of_one_key_run_one_after_the_other_in_the_order_of_adding)
{
    Queue queue;
    queue.add(workspace(1), entry(2, "a"), now);
    queue.add(workspace(1), entry(1, "a"), now);
    queue.add(workspace(1), entry(3, "b"), now);

    auto const first = queue.next();
    auto const other = queue.next();
    ASSERT_TRUE(first && other);
    EXPECT_EQ(first->entry.position, 1);
    EXPECT_EQ(other->entry.position, 3);
    EXPECT_FALSE(queue.next());

    queue.end(*first, Ended{State::done, now}, now);
    auto const second = queue.next();
    ASSERT_TRUE(second);
    EXPECT_EQ(second->entry.position, 2);
}

TEST(Queue, an_urgent_lane_goes_first)
{
    Queue queue;
    queue.add(workspace(1), entry(1, "a", Lane::campaign), now);
    queue.add(workspace(1), entry(2, "b", Lane::conversation), now);
    queue.add(workspace(1), entry(3, "c", Lane::otp), now);

    EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{3, 2, 1}));
}

TEST(Queue, workspaces_take_turns)
{
    Queue queue;
    for (int i = 0; i < 4; ++i)
        queue.add(workspace(1), entry(i), now);
    queue.add(workspace(2), entry(100), now);

    auto const order = drain(queue);

    ASSERT_EQ(order.size(), 5U);
    EXPECT_EQ(order[1], 100);
}

TEST(Queue, a_campaign_leaves_places_for_a_one_time_password)
{
    Queue queue{{.per_lane = {8, 6, 4}, .per_workspace = 3}};
    for (int i = 0; i < 20; ++i)
        queue.add(workspace(1), entry(i, {}, Lane::campaign), now);
    EXPECT_EQ(drain(queue).size(), 3U);

    queue.add(workspace(1), entry(100, {}, Lane::otp), now);
    queue.add(workspace(2), entry(200, {}, Lane::campaign), now);

    EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{100, 200}));
}

TEST(Queue, a_short_retry_holds_its_key_and_a_long_one_does_not)
{
    Queue queue;
    queue.add(workspace(1), entry(1, "a"), now);
    queue.add(workspace(1), entry(2, "a"), now);
    auto pick = *queue.next();

    auto const soon = now + std::chrono::seconds{60};
    queue.end(pick, Ended{State::retrying, soon}, now);
    EXPECT_FALSE(queue.next());
    queue.promote(soon);
    pick = *queue.next();
    EXPECT_EQ(pick.entry.position, 1);

    auto const late = soon + std::chrono::seconds{61};
    queue.end(pick, Ended{State::retrying, late}, soon);
    auto const passed = queue.next();
    ASSERT_TRUE(passed);
    EXPECT_EQ(passed->entry.position, 2);
    EXPECT_EQ(queue.next_due(), late);
}

TEST(Queue, what_is_not_due_waits_and_what_is_known_is_not_added_twice)
{
    Queue queue;
    auto const later = entry(1, "a", Lane::conversation, now + std::chrono::seconds{5});
    queue.add(workspace(1), later, now);
    queue.add(workspace(1), later, now);
    EXPECT_FALSE(queue.next());
    EXPECT_EQ(queue.held(), 1U);

    queue.promote(now + std::chrono::seconds{5});
    EXPECT_EQ(drain(queue).size(), 1U);
}

TEST(Queue, a_dropped_workspace_is_forgotten_though_its_jobs_run_on)
{
    Queue queue;
    queue.add(workspace(1), entry(1, "a"), now);
    queue.add(workspace(1), entry(2, "a"), now);
    auto const pick = *queue.next();

    queue.drop(workspace(1));
    EXPECT_FALSE(queue.next());
    queue.end(pick, Ended{State::done, now}, now);

    EXPECT_EQ(queue.held(), 0U);
    EXPECT_EQ(queue.running(), 0);
    EXPECT_FALSE(queue.next());
}

}
}
