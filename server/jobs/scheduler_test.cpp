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
    explicit ScriptedWorker(db::Database& db) : db_(db) { }
    std::string_view kind() const override { return "scripted"; }
    Task<Ended> run(Claimed const& job) override
    {
        ran.push_back(job.payload);
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
    std::vector<std::string> ran;
    std::vector<std::string> recovered;

private:
    db::Database& db_;
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
        std::vector<int> shards(db::shard_count);
        std::iota(shards.begin(), shards.end(), 0);
        scheduler.gain(shards);
        scheduler.start();
    }
    /// Ends the scheduler's tasks; the loop runs here until they have.
    void stop()
    {
        std::thread stopper{[this] { tasks.stop(); }};
        drive_until([this] { return tasks.running() == 0; });
        stopper.join();
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
    ScriptedWorker worker{db};
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

    EXPECT_TRUE(drive_until([&] { return worker.ran.size() == 3000; }));
}

}
}
