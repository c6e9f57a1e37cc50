#include "jobs/queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>
#include <set>
#include <string>
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
    return {position, JobId::make(now), lane, std::move(key), State::queued, run_at, 0};
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

TEST(Queue, a_campaign_leaves_places_for_what_is_more_urgent)
{
    Queue queue{{.concurrency = 8, .per_workspace = 4}};
    for (int i = 0; i < 20; ++i)
        queue.add(workspace(1), entry(i, {}, Lane::campaign), now);
    EXPECT_EQ(drain(queue).size(), 2U);

    for (int i = 0; i < 5; ++i)
        queue.add(workspace(1), entry(50 + i, {}, Lane::conversation), now);
    EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{50, 51}));

    queue.add(workspace(1), entry(100, {}, Lane::otp), now);
    queue.add(workspace(2), entry(200, {}, Lane::campaign), now);
    EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{100, 200}));
}

TEST(Queue, one_workspaces_flood_of_passwords_leaves_places_to_the_others)
{
    Queue queue{{.concurrency = 8, .per_workspace = 4}};
    for (int i = 0; i < 20; ++i)
        queue.add(workspace(1), entry(i, {}, Lane::otp), now);
    EXPECT_EQ(drain(queue).size(), 4U);

    queue.add(workspace(2), entry(100, {}, Lane::otp), now);
    EXPECT_EQ(drain(queue), std::vector<std::int64_t>{100});
}

TEST(Queue, every_lane_has_a_place_whatever_the_operator_allows)
{
    Queue queue{{.concurrency = 1, .per_workspace = 1}};
    queue.add(workspace(1), entry(1, {}, Lane::campaign), now);

    EXPECT_EQ(drain(queue).size(), 1U);
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
    EXPECT_TRUE(queue.end(pick, Ended{State::retrying, late}, soon));
    auto const passed = queue.next();
    ASSERT_TRUE(passed);
    EXPECT_EQ(passed->entry.position, 2);
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

TEST(Queue, a_retry_found_after_a_restart_holds_its_key_too)
{
    Queue queue;
    auto first = entry(1, "a", Lane::conversation, now + std::chrono::seconds{5});
    first.state = State::retrying;
    queue.add(workspace(1), first, now);
    queue.add(workspace(1), entry(2, "a"), now);
    EXPECT_FALSE(queue.next());

    queue.promote(first.run_at);
    EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{1}));
}

TEST(Queue, what_is_due_in_hours_or_comes_in_thousands_is_left)
{
    Queue queue;
    auto const late = now + Queue::horizon + std::chrono::seconds{1};
    EXPECT_FALSE(queue.add(workspace(1), entry(1, {}, Lane::conversation, late), now));
    auto const soon = now + Queue::horizon;
    for (std::size_t i = 0; i < Queue::most_later; ++i)
        EXPECT_TRUE(queue.add(
            workspace(1), entry(static_cast<int>(i) + 2, {}, Lane::conversation, soon), now));
    EXPECT_FALSE(queue.add(workspace(1), entry(5000, {}, Lane::conversation, soon), now));
    EXPECT_EQ(queue.later(workspace(1), Lane::conversation), Queue::most_later);
    EXPECT_EQ(queue.waiting(workspace(1), Lane::conversation), 0U);
    queue.check_rules();
}

TEST(Queue, a_retry_that_is_far_away_is_handed_back)
{
    Queue queue;
    queue.add(workspace(1), entry(1, "a"), now);
    auto const pick = *queue.next();
    auto const late = now + std::chrono::hours{1};

    auto const left = queue.end(pick, Ended{State::retrying, late}, now);

    ASSERT_TRUE(left);
    EXPECT_EQ(left->run_at, late);
    EXPECT_EQ(left->state, State::retrying);
    EXPECT_EQ(queue.held(), 0U);
}

TEST(Queue, a_dropped_workspace_is_forgotten_though_its_jobs_run_on)
{
    Queue queue;
    queue.add(workspace(1), entry(1, "a"), now);
    queue.add(workspace(1), entry(2, "a"), now);
    auto const pick = *queue.next();

    queue.drop(workspace(1));
    EXPECT_FALSE(queue.next());
    EXPECT_FALSE(queue.end(pick, Ended{State::retrying, now + std::chrono::seconds{1}}, now));

    EXPECT_EQ(queue.held(), 0U);
    EXPECT_EQ(queue.running(), 0);
    EXPECT_FALSE(queue.next_due()) << "another node's retry is not taken up here";
    EXPECT_FALSE(queue.next());
}

TEST(Queue, a_regained_workspace_starts_nothing_that_is_still_in_hand)
{
    Queue queue;
    auto const first = entry(1, "a");
    auto const second = entry(2, "a");
    auto const reload = [&] {
        queue.drop(workspace(1));
        auto sending = first;
        sending.state = State::sending;
        queue.add(workspace(1), sending, now);
        queue.add(workspace(1), second, now);
    };
    queue.add(workspace(1), first, now);
    queue.add(workspace(1), second, now);
    auto const pick = *queue.next();
    reload();
    reload();
    EXPECT_FALSE(queue.next());

    queue.end(pick, Ended{State::retrying, now}, now);
    auto const again = queue.next();
    ASSERT_TRUE(again);
    EXPECT_EQ(again->entry.position, 1);
    queue.end(*again, Ended{State::done, now}, now);
    EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{2}));
    queue.check_rules();
}

TEST(Queue, a_claim_that_was_lost_to_another_node_is_looked_at_again_where_the_shard_came_back)
{
    Queue queue;
    auto const one = entry(1, "a");
    queue.add(workspace(1), one, now);
    auto const pick = *queue.next();
    queue.drop(workspace(1));
    queue.add(workspace(1), one, now);

    queue.end(pick, std::nullopt, now);

    EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{1}));
}

TEST(Queue, a_job_revived_before_its_end_was_seen_is_not_forgotten)
{
    Queue queue;
    auto revived = entry(1, "a");
    queue.add(workspace(1), revived, now);
    auto const pick = *queue.next();
    revived.position = 7;
    queue.add(workspace(1), revived, now);

    queue.end(pick, Ended{State::dead, now}, now);

    EXPECT_EQ(drain(queue), (std::vector<std::int64_t>{7}));
}

/// A database, the clock and a scheduler, as far as the queue can tell: what is open, and what was
/// left there for later.
class RandomRun {
public:
    explicit RandomRun(unsigned seed) : random_(seed) { }

    void step()
    {
        switch (roll(10)) {
        case 0:
        case 1:
        case 2:
            add();
            break;
        case 3:
        case 4:
            start();
            break;
        case 5:
        case 6:
        case 7:
            finish();
            break;
        case 8:
            time_ = time_ + std::chrono::seconds{roll(20)};
            queue_.promote(time_);
            look_at_left();
            break;
        default:
            if (roll(10) == 0)
                lose_or_gain(workspace(static_cast<std::uint8_t>(roll(3))));
        }
        queue_.check_rules();
    }

    /// With nothing lost any more, all that is open runs in the end.
    void finish_everything()
    {
        for (std::uint8_t n = 0; n < 3; ++n)
            if (lost_.contains(workspace(n)))
                lose_or_gain(workspace(n));
        calm_ = true;
        for (int turn = 0; turn < 5000 && !rows_.empty(); ++turn) {
            time_ = time_ + std::chrono::seconds{30};
            queue_.promote(time_);
            look_at_left();
            while (start())
                ;
            while (!picks_.empty())
                finish();
            queue_.check_rules();
        }
        EXPECT_TRUE(rows_.empty()) << rows_.size() << " open jobs were never offered";
        EXPECT_EQ(queue_.held(), 0U);
        EXPECT_EQ(queue_.running(), 0);
    }

private:
    struct Row {
        WorkspaceId workspace;
        Entry entry;
    };

    int roll(int below) { return std::uniform_int_distribution{0, below - 1}(random_); }

    void offer(Row const& row)
    {
        if (!queue_.add(row.workspace, row.entry, time_))
            left_.insert(row.entry.id);
    }

    void add()
    {
        static constexpr std::array lanes{Lane::otp, Lane::conversation, Lane::campaign};
        auto const later = roll(4) == 0 ? std::chrono::seconds{roll(100)} : std::chrono::seconds{0};
        Row row{workspace(static_cast<std::uint8_t>(roll(3))),
            entry(++position_, roll(5) == 0 ? "" : "key" + std::to_string(roll(3)),
                lanes[static_cast<std::size_t>(roll(3))], time_ + later)};
        rows_.emplace(row.entry.id, row);
        if (!lost_.contains(row.workspace))
            offer(row);
    }

    bool start()
    {
        auto const pick = queue_.next();
        if (!pick)
            return false;
        auto const key = std::tuple{pick->workspace, pick->entry.lane, pick->entry.order_key};
        EXPECT_TRUE(in_hand_.insert(pick->entry.id).second) << "runs twice at once";
        EXPECT_TRUE(pick->entry.order_key.empty() || keys_.insert(key).second)
            << "two of one key run at once";
        EXPECT_FALSE(lost_.contains(pick->workspace)) << "is another node's";
        EXPECT_LE(pick->entry.run_at, time_);
        for (auto const& [id, row] : rows_)
            EXPECT_FALSE(row.workspace == pick->workspace && row.entry.lane == pick->entry.lane
                && row.entry.order_key == pick->entry.order_key && !row.entry.order_key.empty()
                && row.entry.position < pick->entry.position && row.entry.run_at <= time_)
                << "a later one of its key went before it";
        picks_.push_back(*pick);
        return true;
    }

    std::optional<Ended> ending()
    {
        switch (calm_ ? 0 : roll(6)) {
        case 0:
        case 1:
            return Ended{State::done, time_};
        case 2:
            return Ended{State::dead, time_};
        case 3:
            return Ended{State::outcome_unknown, time_ + std::chrono::seconds{roll(90)}};
        default:
            return Ended{State::retrying, time_ + std::chrono::seconds{roll(90)}};
        }
    }

    void finish()
    {
        if (picks_.empty())
            return;
        auto const at = picks_.begin() + roll(static_cast<int>(picks_.size()));
        auto const pick = *at;
        picks_.erase(at);
        in_hand_.erase(pick.entry.id);
        keys_.erase({pick.workspace, pick.entry.lane, pick.entry.order_key});
        auto const row = rows_.find(pick.entry.id);
        auto ended = ending();
        if (ended->state == State::done || ended->state == State::dead) {
            rows_.erase(row);
        } else {
            row->second.entry.state = ended->state;
            row->second.entry.run_at = ended->run_at;
        }
        if (auto const left = queue_.end(pick, ended, time_))
            left_.insert(left->id);
    }

    void look_at_left()
    {
        for (auto const& id : std::exchange(left_, {}))
            if (auto const row = rows_.find(id);
                row != rows_.end() && !lost_.contains(row->second.workspace))
                offer(row->second);
    }

    void lose_or_gain(WorkspaceId const& one)
    {
        if (lost_.insert(one).second)
            return queue_.drop(one);
        lost_.erase(one);
        for (auto const& [id, row] : rows_)
            if (row.workspace == one)
                offer(row);
    }

    std::mt19937 random_;
    Queue queue_{{.concurrency = 12, .per_workspace = 6}};
    Timestamp time_ = now;
    std::int64_t position_ = 0;
    std::map<JobId, Row> rows_;
    std::set<JobId> left_;
    std::set<WorkspaceId> lost_;
    std::vector<Queue::Pick> picks_;
    std::set<JobId> in_hand_;
    std::set<std::tuple<WorkspaceId, Lane, std::string>> keys_;
    bool calm_ = false;
};

TEST(Queue, whatever_comes_and_goes_no_job_runs_twice_none_overtakes_and_none_is_forgotten)
{
    for (unsigned seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE(seed);
        RandomRun run{seed};
        for (int i = 0; i < 600; ++i)
            run.step();
        run.finish_everything();
    }
}

}
}
