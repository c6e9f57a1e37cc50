#include "events/events.hpp"
#include "jobs/scheduler.hpp"
#include "jobs/store.hpp"
#include "testing/world.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <numeric>
#include <string>
#include <vector>

namespace hermod::jobs {
namespace {

/// Does what the test says, and remembers what it was given.
class ScriptedWorker final : public Worker {
public:
    ScriptedWorker(db::Database& db, Clock& clock) : db_(db), clock_(clock) { }
    std::string_view kind() const override { return "scripted"; }
    void claimed(db::Tx&, Claimed const& job) override { claiming(job); }
    Task<Ended> run(Claimed const& job) override
    {
        ran.push_back(job.payload);
        // The clock stands still: whoever moves it lets this look again.
        while (slow)
            co_await sleep_until(clock_, clock_.now() + microseconds{1});
        co_return co_await db_.write(job.workspace, [&](db::Tx& tx) { return ending(tx, job); });
    }
    Task<Ended> recover(Claimed const& job) override
    {
        recovered.push_back(job.payload);
        co_return co_await db_.write(job.workspace, [&](db::Tx& tx) { return complete(tx, job); });
    }

    std::function<Ended(db::Tx&, Claimed const&)> ending = [](db::Tx& tx, Claimed const& job) {
        return complete(tx, job);
    };
    std::function<void(Claimed const&)> claiming = [](Claimed const&) { };
    bool slow = false; ///< jobs that have begun do not end
    std::vector<std::string> ran;
    std::vector<std::string> recovered;

private:
    db::Database& db_;
    Clock& clock_;
};

class SchedulerTest : public testing::World {
protected:
    SchedulerTest()
    {
        on_new_workspace([](db::Tx& tx) {
            events::open_log(tx);
            tx.global().run(
                "INSERT INTO workspace_directory (workspace_id, name, shard, created_at)"
                " VALUES ($1, '', $2, 0)",
                tx.workspace(), db::shard_of(tx.workspace()));
        });
        workspace = make_workspace();
    }
    ~SchedulerTest() override { stop(); }

    void start()
    {
        scheduler.add(worker);
        db.on_commit([this](auto commits) { scheduler.committed(commits); });
        scheduler.gain(all_shards());
        scheduler.start();
    }
    static std::vector<int> all_shards()
    {
        std::vector<int> shards(db::shard_count);
        std::iota(shards.begin(), shards.end(), 0);
        return shards;
    }
    /// Everything that can happen without time passing has happened.
    void settle()
    {
        for (int quiet = 0; quiet < 20; ++quiet) {
            auto const before = worker.ran.size() + worker.recovered.size();
            drive_until([&, turns = 0]() mutable { return ++turns > 3; });
            run(db.write(workspace, [](db::Tx&) { return 0; }));
            if (worker.ran.size() + worker.recovered.size() != before)
                quiet = 0;
        }
    }
    /// Ends the scheduler's tasks; the loop runs here until they have.
    void stop()
    {
        std::thread stopper{[this] { tasks.stop(); }};
        drive_until([this] { return tasks.running() == 0; });
        stopper.join();
    }
    /// For what takes long on a busy machine.
    bool drive_long_until(std::function<bool()> const& done)
    {
        for (int patience = 0; patience < 6; ++patience)
            if (drive_until(done))
                return true;
        return false;
    }
    JobId add_job(std::string payload, NewJob job = {})
    {
        return write(workspace, [&](db::Tx& tx) {
            job.kind = "scripted";
            job.payload = payload;
            if (job.run_at == Timestamp{})
                job.run_at = tx.now();
            return add(tx, job);
        });
    }
    State state_of(JobId const& id)
    {
        return read(workspace, [&](db::Tx const& tx) { return find_job(tx, id)->state; });
    }

    WorkspaceId workspace;
    Tasks tasks;
    ScriptedWorker worker{db, clock};
    Scheduler scheduler{db, clock, tasks, io, metrics};
};

TEST_F(SchedulerTest, a_job_added_before_the_start_or_after_it_runs)
{
    add_job("before");
    start();
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
    auto const after = add_job("after");

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 2; }));
    EXPECT_EQ(worker.ran, (std::vector<std::string>{"before", "after"}));
    ASSERT_TRUE(drive_until([&] { return tasks.running() == 1; }));
    EXPECT_EQ(state_of(after), State::done);
}

TEST_F(SchedulerTest, held_it_starts_nothing_until_it_is_let_go)
{
    scheduler.hold(true);
    start();
    add_job("held");
    settle();
    EXPECT_TRUE(worker.ran.empty());

    scheduler.hold(false);
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
}

TEST_F(SchedulerTest, what_is_due_at_once_does_not_wait_because_wall_time_was_set_back)
{
    add_job("first");
    clock.advance(-std::chrono::hours{1});
    start();
    EXPECT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
}

TEST_F(SchedulerTest, a_job_waits_for_its_time)
{
    start();
    add_job("later", {.kind = {}, .order_key = {}, .run_at = clock.now() + std::chrono::hours{30}});
    add_job("now");
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
    EXPECT_EQ(worker.ran.front(), "now");

    clock.advance(std::chrono::hours{30});

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 2; }));
    EXPECT_EQ(worker.ran.back(), "later");
}

TEST_F(SchedulerTest, a_retry_runs_again_and_keeps_what_is_behind_it_waiting)
{
    worker.ending = [&](db::Tx& tx, Claimed const& job) {
        return job.payload == "first" && job.attempt == 1
            ? retry(tx, job, clock.now() + std::chrono::seconds{10}, {"retryable", "busy", true})
            : complete(tx, job);
    };
    start();
    auto const first = add_job("first", {.kind = {}, .order_key = "k", .run_at = {}});
    add_job("second", {.kind = {}, .order_key = "k", .run_at = {}});
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1 && tasks.running() == 1; }));
    EXPECT_EQ(state_of(first), State::retrying);

    clock.advance(std::chrono::seconds{10});

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 3; }));
    EXPECT_EQ(worker.ran, (std::vector<std::string>{"first", "first", "second"}));
}

TEST_F(SchedulerTest, a_job_found_sending_is_recovered_not_run)
{
    add_job("crashed");
    write(workspace, [](db::Tx& tx) {
        tx.run(
            "UPDATE jobs SET state = 'sending', attempts = 1, claims = 1 WHERE workspace_id = $1");
    });

    start();

    ASSERT_TRUE(drive_until([&] { return worker.recovered.size() == 1; }));
    EXPECT_TRUE(worker.ran.empty());
}

TEST_F(SchedulerTest, a_worker_that_throws_leaves_its_job_in_question)
{
    worker.ending = [](db::Tx&, Claimed const&) -> Ended { throw std::runtime_error{"broken"}; };
    start();
    add_job("x");
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1 && tasks.running() == 1; }));

    clock.advance(std::chrono::seconds{10});

    ASSERT_TRUE(drive_until([&] { return worker.recovered.size() == 1; }));
    EXPECT_EQ(worker.ran.size(), 1U);
}

TEST_F(SchedulerTest, a_job_of_no_known_kind_is_dead_and_can_be_revived)
{
    start();
    auto const id = write(workspace, [](db::Tx& tx) {
        return add(tx, {.kind = "unknown", .order_key = {}, .run_at = tx.now()});
    });
    ASSERT_TRUE(drive_until([&] { return state_of(id) == State::dead; }));

    write(workspace, [&](db::Tx& tx) {
        tx.run("UPDATE jobs SET kind = 'scripted' WHERE workspace_id = $1 AND id = $2", id);
        revive(tx, id);
    });

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
    EXPECT_PROBLEM(write(workspace, [&](db::Tx& tx) { revive(tx, id); }), Errc::not_retriable);
}

TEST_F(SchedulerTest, a_lost_claim_changes_nothing)
{
    auto const id = add_job("x");
    Claimed const stale{.workspace = workspace,
        .id = id,
        .kind = "scripted",
        .lane = Lane::conversation,
        .order_key = {},
        .payload = {},
        .message = {},
        .attempt = 1,
        .claim = 7,
        .created_at = {},
        .recovering = false};

    EXPECT_THROW(write(workspace, [&](db::Tx& tx) { complete(tx, stale); }), ClaimLost);
    EXPECT_EQ(state_of(id), State::queued);
}

TEST_F(SchedulerTest, a_shard_lost_and_regained_starts_nothing_twice)
{
    worker.slow = true;
    start();
    for (int i = 0; i < 40; ++i)
        add_job(std::to_string(i));
    auto const places = static_cast<std::size_t>(Limits{}.per_workspace);
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == places; }));

    for (int times = 0; times < 2; ++times) {
        scheduler.lose(all_shards());
        settle();
        scheduler.gain(all_shards());
        settle();
    }
    EXPECT_EQ(worker.ran.size(), places);
    worker.slow = false;
    clock.advance(milliseconds{1});

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() >= 40; }));
    settle();
    EXPECT_EQ(worker.ran.size(), 40U);
    EXPECT_TRUE(worker.recovered.empty());
    EXPECT_EQ(scheduler.under_way(db::shard_of(workspace)), 0);
}

TEST_F(SchedulerTest, a_shard_lost_for_good_is_left_alone)
{
    worker.slow = true;
    worker.ending = [&](db::Tx& tx, Claimed const& job) {
        return retry(tx, job, clock.now() + std::chrono::seconds{1}, {"retryable", "busy", true});
    };
    start();
    auto const first = add_job("first");
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
    scheduler.lose(all_shards());
    settle();
    add_job("second");
    worker.slow = false;
    clock.advance(milliseconds{1});
    ASSERT_TRUE(drive_until([&] { return state_of(first) == State::retrying; }));

    clock.advance(std::chrono::minutes{10});
    settle();

    EXPECT_EQ(worker.ran.size(), 1U);
}

TEST_F(SchedulerTest, thousands_of_scheduled_jobs_do_not_delay_one_that_is_due)
{
    using std::chrono::minutes;
    write(workspace, [&](db::Tx& tx) {
        for (int i = 0; i < 2400; ++i)
            add(tx,
                {.kind = "scripted",
                    .order_key = {},
                    .run_at = tx.now()
                        + (i < 1200 ? std::chrono::seconds{30} : std::chrono::seconds{2400}),
                    .payload = std::to_string(i)});
    });
    start();
    add_job("now");
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
    EXPECT_EQ(worker.ran.front(), "now");

    clock.advance(std::chrono::seconds{30});
    ASSERT_TRUE(drive_long_until([&] { return worker.ran.size() == 1201; }));
    add_job("then");
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1202; }));
    EXPECT_EQ(worker.ran.back(), "then");
    settle();
    EXPECT_EQ(worker.ran.size(), 1202U);

    clock.advance(minutes{40});
    ASSERT_TRUE(drive_long_until([&] { return worker.ran.size() == 2402; }));
}

TEST_F(SchedulerTest, jobs_of_one_key_that_are_due_at_once_go_in_order)
{
    // Some of the key's are in memory in time, some are left in the database.
    auto const at = clock.now() + std::chrono::seconds{50};
    auto const others = static_cast<int>(Queue::most_later) - 10;
    write(workspace, [&](db::Tx& tx) {
        for (int i = 0; i < others + 20; ++i)
            add(tx,
                {.kind = "scripted",
                    .order_key = i < others ? "" : "k",
                    .run_at = at,
                    .payload = i < others ? "other" : std::to_string(i)});
    });
    start();
    settle();
    EXPECT_TRUE(worker.ran.empty());

    clock.advance(std::chrono::seconds{50});
    auto const all = static_cast<std::size_t>(others) + 20;
    ASSERT_TRUE(drive_long_until([&] { return worker.ran.size() == all; }));

    std::erase(worker.ran, "other");
    ASSERT_EQ(worker.ran.size(), 20U);
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(worker.ran[static_cast<std::size_t>(i)], std::to_string(others + i));
}

TEST_F(SchedulerTest, a_retry_in_hours_runs_then)
{
    worker.ending = [&](db::Tx& tx, Claimed const& job) {
        return job.attempt == 1
            ? retry(tx, job, clock.now() + std::chrono::hours{6}, {"retryable", "busy", true})
            : complete(tx, job);
    };
    start();
    auto const id = add_job("x");
    ASSERT_TRUE(drive_until([&] { return state_of(id) == State::retrying; }));
    clock.advance(std::chrono::hours{5});
    settle();
    EXPECT_EQ(worker.ran.size(), 1U);

    clock.advance(std::chrono::hours{1});

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 2; }));
}

TEST_F(SchedulerTest, after_a_restart_a_retry_still_goes_before_what_is_behind_it)
{
    add_job("first", {.kind = {}, .order_key = "k", .run_at = {}});
    write(workspace, [](db::Tx& tx) {
        tx.run("UPDATE jobs SET state = 'retrying', attempts = 1, claims = 1, run_at = $2"
               " WHERE workspace_id = $1",
            tx.now() + std::chrono::seconds{5});
    });
    add_job("second", {.kind = {}, .order_key = "k", .run_at = {}});

    start();
    settle();
    EXPECT_TRUE(worker.ran.empty());
    clock.advance(std::chrono::seconds{5});

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 2; }));
    EXPECT_EQ(worker.ran, (std::vector<std::string>{"first", "second"}));
}

TEST_F(SchedulerTest, one_job_that_cannot_be_claimed_does_not_keep_the_others)
{
    bool broken = true;
    worker.claiming = [&](Claimed const& job) {
        if (broken && job.payload == "problem")
            throw Problem{Errc::message_not_found};
        if (broken && job.payload == "exception")
            throw std::runtime_error{"broken"};
    };
    for (auto const* payload : {"one", "problem", "two", "exception", "three"})
        add_job(payload);
    start();
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 3; }));
    settle();
    EXPECT_EQ(worker.ran.size(), 3U);

    broken = false;
    clock.advance(std::chrono::minutes{1});

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 5; }));
}

TEST_F(SchedulerTest, a_claim_of_ours_that_was_written_unheard_is_not_a_crash)
{
    bool broken = true;
    worker.claiming = [&](Claimed const&) {
        if (broken)
            throw Problem{Errc::storage_unavailable};
    };
    start();
    add_job("x");
    ASSERT_TRUE(drive_until([&] { return scheduler.under_way(db::shard_of(workspace)) == 1; }));
    ASSERT_TRUE(drive_until([&] { return scheduler.under_way(db::shard_of(workspace)) == 0; }));
    write(workspace, [](db::Tx& tx) {
        tx.run(
            "UPDATE jobs SET state = 'sending', attempts = 1, claims = 1 WHERE workspace_id = $1");
    });
    broken = false;

    clock.advance(std::chrono::minutes{1});

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
    settle();
    EXPECT_TRUE(worker.recovered.empty());
    EXPECT_EQ(worker.ran.size(), 1U);
}

TEST_F(SchedulerTest, a_job_that_is_due_later_than_was_thought_waits)
{
    worker.slow = true;
    start();
    add_job("first", {.kind = {}, .order_key = "k", .run_at = {}});
    auto const second = add_job("second", {.kind = {}, .order_key = "k", .run_at = {}});
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
    settle();
    write(workspace, [&](db::Tx& tx) {
        tx.run("UPDATE jobs SET run_at = $3 WHERE workspace_id = $1 AND id = $2", second,
            tx.now() + std::chrono::hours{1});
    });
    worker.slow = false;
    clock.advance(milliseconds{1});
    settle();
    EXPECT_EQ(worker.ran.size(), 1U);

    clock.advance(std::chrono::hours{1});

    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 2; }));
}

TEST_F(SchedulerTest, while_it_drains_nothing_begins_and_what_is_in_hand_is_waited_for)
{
    worker.slow = true;
    start();
    auto const in_hand = add_job("in hand");
    ASSERT_TRUE(drive_until([&] { return worker.ran.size() == 1; }));
    scheduler.drain();
    add_job("too late");
    settle();
    EXPECT_FALSE(scheduler.wait_until_idle(milliseconds{0}));

    worker.slow = false;
    clock.advance(milliseconds{1});

    ASSERT_TRUE(drive_until([&] { return scheduler.wait_until_idle(milliseconds{0}); }));
    EXPECT_EQ(state_of(in_hand), State::done);
    EXPECT_EQ(worker.ran.size(), 1U);
}

TEST_F(SchedulerTest, thousands_of_jobs_all_run)
{
    start();
    write(workspace, [&](db::Tx& tx) {
        for (int i = 0; i < 3000; ++i)
            add(tx,
                {.kind = "scripted",
                    .lane = Lane::campaign,
                    .order_key = {},
                    .run_at = tx.now(),
                    .payload = std::to_string(i)});
    });

    EXPECT_TRUE(drive_long_until([&] { return worker.ran.size() == 3000; }));
}

}
}
