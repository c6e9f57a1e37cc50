#include "webhooks/webhooks_world_test.hpp"

namespace hermod::webhooks {
namespace {

using Notes = std::vector<std::string>;

/// The database is away now and then.
class EngineFaultsTest : public WebhooksTest {
protected:
    void pass(microseconds time)
    {
        clock.advance(time);
        settle();
    }
};

TEST_F(EngineFaultsTest, what_came_of_an_attempt_is_written_once_the_database_is_back)
{
    endpoints.hanging = {"https://example.com/hook"};
    start();
    auto const webhook = make();
    auto const a = conversation();
    note("1", a);
    note("2", a);
    settle(); // both are made from the log, and the first is under way
    disturbed.writes_to_fail = 2;
    endpoints.hanging.clear();
    pass(microseconds{1});
    EXPECT_EQ(endpoints.received.size(), 1U); // the next of its conversation waits for that
    EXPECT_EQ(deliveries(webhook.id, DeliveryState::pending).size(), 2U);
    EXPECT_FALSE(engine->wait_until_idle(milliseconds{0}));

    pass(seconds{1});
    pass(seconds{1});

    EXPECT_EQ(endpoints.notes(), (Notes{"1", "2"}));
    EXPECT_EQ(deliveries(webhook.id, DeliveryState::delivered).size(), 2U);
    EXPECT_TRUE(engine->wait_until_idle(milliseconds{0}));
}

TEST_F(EngineFaultsTest, events_are_delivered_once_the_database_is_back)
{
    start();
    auto const webhook = make();
    settle();
    disturbed.writes_to_fail = 2;
    note("x");
    settle();
    EXPECT_TRUE(endpoints.received.empty());

    pass(seconds{1});
    EXPECT_TRUE(endpoints.received.empty());
    pass(seconds{1});

    EXPECT_EQ(endpoints.notes(), (Notes{"x"}));
    EXPECT_EQ(newest(webhook.id).attempts, 1);
}

TEST_F(EngineFaultsTest, an_event_that_cannot_be_read_consumes_no_attempt)
{
    endpoints.answer = [&](auto const&) {
        return answer_with(endpoints.received.size() == 1 ? 500 : 200);
    };
    start();
    auto const webhook = make();
    note("x");
    ASSERT_TRUE(until_sent(1));
    settle();
    disturbed.reads_to_fail = 1;
    pass(seconds{6});
    EXPECT_EQ(endpoints.received.size(), 1U);

    pass(seconds{2});

    EXPECT_EQ(endpoints.received.size(), 2U);
    EXPECT_EQ(newest(webhook.id).state, DeliveryState::delivered);
    EXPECT_EQ(newest(webhook.id).attempts, 2);
}

TEST_F(EngineFaultsTest, with_nothing_due_the_database_is_left_alone)
{
    start();
    make();
    note("x");
    ASSERT_TRUE(until_sent(1));
    settle();
    auto const reads = disturbed.reads;
    auto const writes = disturbed.writes;

    for (int i = 0; i < 4; ++i)
        pass(seconds{60});

    EXPECT_EQ(disturbed.reads, reads);
    EXPECT_EQ(disturbed.writes, writes);
}

TEST_F(EngineFaultsTest, many_deliveries_share_transactions)
{
    endpoints.hanging = {"https://example.com/hook"};
    start();
    auto const webhook = make();
    settle();
    auto const writes = disturbed.writes;
    write(workspace, [](db::Tx& tx) {
        for (int i = 0; i < 200; ++i)
            events::append(tx, note_made, NoteEvent{std::to_string(i)});
    });
    settle();
    EXPECT_EQ(disturbed.writes, writes + 1); // all deliveries at once

    endpoints.hanging.clear();
    clock.advance(microseconds{1});
    ASSERT_TRUE(until_sent(200));

    EXPECT_LT(disturbed.writes, writes + 1 + 200);
    EXPECT_EQ(deliveries(webhook.id, DeliveryState::delivered).size(), 200U);
}

}
}
