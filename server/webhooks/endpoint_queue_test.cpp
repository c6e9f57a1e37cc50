#include "webhooks/endpoint_queue.hpp"
#include <gtest/gtest.h>

namespace hermod::webhooks {
namespace {

using Added = EndpointQueue::Added;

class EndpointQueueTest : public ::testing::Test {
protected:
    Entry entry(std::int64_t offset, std::optional<ConversationId> const& conversation = {},
        bool parked = false, std::optional<Timestamp> at = {})
    {
        return {{.log_offset = offset,
            .id = {},
            .conversation_id = conversation,
            .attempts = 0,
            .tries = 0,
            .parked = parked,
            .next_at = at.value_or(now)}};
    }
    Added add(std::int64_t offset, std::optional<ConversationId> const& conversation = {},
        bool parked = false, std::optional<Timestamp> at = {})
    {
        return queue.add(entry(offset, conversation, parked, at), now);
    }
    std::int64_t next()
    {
        auto const entry = queue.next();
        if (!entry)
            return 0;
        in_hand[entry->row.log_offset] = *entry;
        return entry->row.log_offset;
    }
    void end(std::int64_t offset, std::optional<microseconds> again = {}, bool parked = false)
    {
        auto const& ended = in_hand.at(offset);
        auto retry = ended;
        if (again)
            retry.row.next_at = now + *again;
        retry.row.parked |= parked;
        queue.end(ended, again ? std::optional{retry} : std::nullopt, now);
        in_hand.erase(offset);
    }

    Timestamp now = Timestamp::from_s(1'800'000'000);
    ConversationId const a = ConversationId::make(now);
    ConversationId const b = ConversationId::make(now);
    std::map<std::int64_t, Entry> in_hand;
    EndpointQueue queue;
};

TEST_F(EndpointQueueTest, of_a_conversation_one_is_in_hand_at_a_time_in_the_order_of_the_log)
{
    add(3, a);
    add(1, a);
    add(2, b);

    EXPECT_EQ(next(), 1);
    EXPECT_EQ(next(), 2);
    EXPECT_EQ(next(), 0);
    end(1);
    EXPECT_EQ(next(), 3);
    EXPECT_EQ(next(), 0);
}

TEST_F(EndpointQueueTest, without_a_conversation_all_may_go_at_once)
{
    add(1);
    add(2);

    EXPECT_EQ(next(), 1);
    EXPECT_EQ(next(), 2);
}

TEST_F(EndpointQueueTest, a_retry_holds_its_conversation_alone)
{
    add(1, a);
    add(2, a);
    add(3, b);
    EXPECT_EQ(next(), 1);
    end(1, seconds{5});

    EXPECT_EQ(next(), 3);
    EXPECT_EQ(next(), 0);
    EXPECT_EQ(queue.next_due(), now + seconds{5});
    now = now + seconds{5};
    queue.promote(now);
    EXPECT_EQ(next(), 1);
    EXPECT_EQ(next(), 0);
    end(1);
    EXPECT_EQ(next(), 2);
}

TEST_F(EndpointQueueTest, a_retry_found_at_the_start_holds_its_conversation)
{
    add(1, a, false, now + std::chrono::hours{2});
    add(2, a);

    EXPECT_EQ(next(), 0);
    now = now + std::chrono::hours{2};
    queue.promote(now);
    EXPECT_EQ(next(), 1);
}

TEST_F(EndpointQueueTest, one_that_is_parked_lets_its_conversation_go_on)
{
    add(1, a);
    add(2, a);
    EXPECT_EQ(next(), 1);

    end(1, seconds{30}, true);

    EXPECT_EQ(next(), 2);
    now = now + seconds{30};
    queue.promote(now);
    EXPECT_EQ(next(), 1);
}

TEST_F(EndpointQueueTest, what_is_due_later_than_in_a_minute_is_left_in_the_database)
{
    EXPECT_EQ(add(1, a, true, now + seconds{61}), Added::left);
    EXPECT_EQ(queue.left(), now + seconds{61});
    EXPECT_EQ(queue.size(), 0U);

    add(2);
    EXPECT_EQ(next(), 2);
    end(2, seconds{100});
    EXPECT_EQ(queue.size(), 0U);
    EXPECT_EQ(queue.left(), now + seconds{61});
}

TEST_F(EndpointQueueTest, of_a_long_conversation_the_first_are_taken_and_the_rest_looked_for)
{
    auto const most = static_cast<std::int64_t>(EndpointQueue::most_of_conversation);
    for (std::int64_t offset = 1; offset <= most; ++offset)
        EXPECT_EQ(add(offset, a), Added::taken);
    EXPECT_EQ(add(most + 1, a), Added::left);
    EXPECT_EQ(next(), 1);
    // There is room, but it would overtake.
    EXPECT_EQ(add(most + 2, a), Added::left);
    EXPECT_EQ(add(most + 3, b), Added::taken);

    EXPECT_FALSE(queue.has_rescan());
    for (std::int64_t offset = 1; offset < most; ++offset) {
        end(offset);
        auto const other = next();
        EXPECT_EQ(other == most + 3 ? next() : other, offset + 1);
    }
    end(most);

    // What is new would overtake those that are still to be read.
    EXPECT_EQ(add(most + 4, a), Added::left);
    EXPECT_EQ(queue.take_rescan(), most);
    EXPECT_EQ(add(most + 1, a), Added::taken);
}

TEST_F(EndpointQueueTest, a_full_queue_says_so)
{
    for (std::size_t i = 0; i < EndpointQueue::most; ++i)
        ASSERT_EQ(add(static_cast<std::int64_t>(i) + 1), Added::taken);

    EXPECT_EQ(add(100'000), Added::full);
    EXPECT_EQ(add(1), Added::known);
}

TEST_F(EndpointQueueTest, what_ended_while_the_database_was_read_is_not_taken_again)
{
    add(1, a);
    add(2);
    next();
    next();
    queue.begin_read();
    end(1);
    end(2, seconds{1000});

    EXPECT_EQ(add(1, a), Added::known);
    EXPECT_EQ(add(2), Added::known);
    queue.end_read();
    EXPECT_EQ(add(1, a), Added::taken);
}

TEST_F(EndpointQueueTest, dropped_it_knows_only_what_is_in_hand)
{
    add(1, a);
    add(2, a);
    add(3);
    EXPECT_EQ(next() + next(), 4);
    add(4, b, false, now + seconds{10});

    queue.drop();

    EXPECT_EQ(queue.size(), 2U);
    EXPECT_EQ(add(1, a), Added::known);
    EXPECT_EQ(add(2, a), Added::taken);
    EXPECT_EQ(next(), 0); // 1 is still in hand
    end(1);
    EXPECT_EQ(next(), 2);
    EXPECT_FALSE(queue.next_due());
}

}
}
