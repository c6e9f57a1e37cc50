#include "net/smtp_queue.hpp"

#include <gtest/gtest.h>

namespace hermod::net {

class SmtpQueueTest : public testing::Test {
protected:
    void add(WorkspaceId const& workspace, std::string const& server, MailUrgency urgency,
        std::size_t count = 1)
    {
        for (std::size_t i = 0; i < count; ++i)
            queue.add({{workspace, urgency}, server});
    }
    static WorkspaceId new_workspace() { return WorkspaceId::make(Timestamp::from_s(1)); }
    /// Everything that may run now, and whose it is.
    std::vector<SmtpQueue::Entry> take_all()
    {
        std::vector<SmtpQueue::Entry> taken;
        while (auto entry = queue.take())
            taken.push_back(*std::move(entry));
        return taken;
    }

    SmtpQueue queue;
    WorkspaceId const ours = new_workspace();
    WorkspaceId const theirs = new_workspace();
};

TEST_F(SmtpQueueTest, one_workspace_with_many_servers_leaves_places_for_others)
{
    for (int server = 0; server < 10; ++server)
        add(theirs, "slow" + std::to_string(server) + ":25", MailUrgency::campaign, 16);
    EXPECT_EQ(take_all().size(), SmtpQueue::share - SmtpQueue::share / 4);

    add(ours, "fast:25", MailUrgency::conversation);
    auto const next = queue.take();

    ASSERT_TRUE(next);
    EXPECT_EQ(next->turn.workspace, ours);
}

TEST_F(SmtpQueueTest, a_slow_server_leaves_its_workspace_places_for_another)
{
    add(ours, "slow:25", MailUrgency::conversation, 32);
    EXPECT_EQ(take_all().size(), SmtpQueue::share_of_both - SmtpQueue::share_of_both / 4);

    add(ours, "fast:25", MailUrgency::conversation);
    auto const next = queue.take();

    ASSERT_TRUE(next);
    EXPECT_EQ(next->server, "fast:25");
}

TEST_F(SmtpQueueTest, a_one_time_password_passes_the_campaign_of_its_own_workspace_and_server)
{
    add(ours, "mail:25", MailUrgency::campaign, 16);
    take_all();

    add(ours, "mail:25", MailUrgency::conversation);
    add(ours, "mail:25", MailUrgency::otp);
    auto const next = queue.take();

    ASSERT_TRUE(next);
    EXPECT_EQ(next->turn.urgency, MailUrgency::otp);
    EXPECT_FALSE(queue.take());
}

TEST_F(SmtpQueueTest, some_threads_are_kept_for_one_time_passwords)
{
    for (int i = 0; i < 80; ++i)
        add(new_workspace(), "s" + std::to_string(i) + ":25", MailUrgency::conversation);
    EXPECT_EQ(take_all().size(), SmtpQueue::threads - SmtpQueue::threads_kept);

    add(ours, "fast:25", MailUrgency::otp);

    EXPECT_TRUE(queue.take());
}

TEST_F(SmtpQueueTest, workspaces_take_turns_and_the_urgent_goes_first)
{
    add(theirs, "a:25", MailUrgency::conversation, 2);
    add(ours, "b:25", MailUrgency::campaign);
    add(ours, "b:25", MailUrgency::conversation, 2);
    add(ours, "b:25", MailUrgency::check);

    std::vector<std::pair<WorkspaceId, MailUrgency>> order;
    for (auto const& entry : take_all())
        order.emplace_back(entry.turn.workspace, entry.turn.urgency);

    using enum MailUrgency;
    std::vector<std::pair<WorkspaceId, MailUrgency>> const expected{{theirs, conversation},
        {ours, conversation}, {theirs, conversation}, {ours, conversation}, {ours, campaign},
        {ours, check}};
    EXPECT_EQ(order, expected);
}

TEST_F(SmtpQueueTest, checks_leave_most_threads_alone)
{
    for (int i = 0; i < 40; ++i)
        add(new_workspace(), "s" + std::to_string(i) + ":25", MailUrgency::check);

    EXPECT_EQ(take_all().size(), SmtpQueue::most_checks);
}

TEST_F(SmtpQueueTest, one_server_takes_its_share_whoever_asks)
{
    for (int i = 0; i < 20; ++i)
        add(new_workspace(), "slow:25", MailUrgency::otp);
    auto const taken = take_all();
    EXPECT_EQ(taken.size(), SmtpQueue::share);

    queue.ended(taken.front());

    EXPECT_EQ(take_all().size(), 1U);
    EXPECT_EQ(queue.clear().size(), 20 - SmtpQueue::share - 1);
}

}
