#include "db/conformance.hpp"

#include <algorithm>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <thread>

namespace hermod::db {

static void add_line(Tx& tx, std::int64_t position, std::string_view body = "x")
{
    tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, $3)", position, body);
}

static std::vector<std::int64_t> positions(Tx const& tx)
{
    return tx.all<std::int64_t>(
        "SELECT position FROM lines WHERE workspace_id = $1 ORDER BY position");
}

TEST_P(Conformance, a_throwing_lambda_amid_others_undoes_itself_alone)
{
    auto const workspace = new_workspace();
    std::vector<Body> bodies;
    std::vector<std::int64_t> kept;
    for (std::int64_t i = 0; i < 60; ++i) {
        auto const fails = i % 3 == 1;
        if (!fails)
            kept.insert(kept.end(), {i, 1000 + i});
        bodies.push_back(writing(workspace, [i, fails](Tx& tx) {
            add_line(tx, i);
            // Also after a statement whose answer was waited for.
            EXPECT_EQ(tx.run_counted("UPDATE lines SET body = 'seen' WHERE workspace_id = $1 AND "
                                     "position = $2",
                          i),
                1);
            add_line(tx, 1000 + i);
            if (fails)
                throw Problem{Errc::forbidden, "for a reason", {{"field", "is wrong"}}};
        }));
    }

    auto const errors = run_queued(workspace, bodies);

    for (std::size_t i = 0; i < errors.size(); ++i)
        EXPECT_EQ(name_of(errors[i]), i % 3 == 1 ? "forbidden" : "nothing") << i;
    std::ranges::sort(kept);
    EXPECT_EQ(read(workspace, positions), kept);
}

TEST_P(Conformance, a_lambda_that_throws_before_it_writes_changes_nothing)
{
    auto const workspace = new_workspace();
    std::vector<Body> bodies{writing(workspace, [](Tx& tx) { add_line(tx, 1); }),
        writing(workspace, [](Tx&) { throw std::runtime_error{"no write"}; }),
        writing(workspace,
            [](Tx& tx) {
                positions(tx);
                throw std::runtime_error{"only a read"};
            }),
        writing(workspace, [](Tx& tx) { add_line(tx, 2); })};

    auto const errors = run_queued(workspace, bodies);

    EXPECT_EQ(name_of(errors[1]), "no write");
    EXPECT_EQ(name_of(errors[2]), "only a read");
    EXPECT_EQ(read(workspace, positions), (std::vector<std::int64_t>{1, 2}));
}

TEST_P(Conformance, a_lambda_that_breaks_a_constraint_fails_alone)
{
    auto const workspace = new_workspace();
    write(workspace, [](Tx& tx) { add_line(tx, 5); });
    std::vector<Body> bodies;
    for (std::int64_t i = 0; i < 20; ++i)
        bodies.push_back(writing(workspace, [i](Tx& tx) {
            add_line(tx, 100 + i);
            add_line(tx, i); // 5 is taken
            add_line(tx, 200 + i);
        }));

    auto const errors = run_queued(workspace, bodies);

    std::vector<std::int64_t> kept{5};
    for (std::int64_t i = 0; i < 20; ++i) {
        EXPECT_EQ(name_of(errors[static_cast<std::size_t>(i)]),
            i == 5 ? "constraint violation" : "nothing");
        if (i != 5)
            kept.insert(kept.end(), {i, 100 + i, 200 + i});
    }
    std::ranges::sort(kept);
    EXPECT_EQ(read(workspace, positions), kept);
}

TEST_P(Conformance, a_violation_that_the_lambda_catches_ends_it_even_so)
{
    auto const workspace = new_workspace();
    auto const swallow = [](auto body) {
        try {
            body();
        } catch (std::exception const&) {
        }
    };
    std::vector<Body> bodies{writing(workspace, [](Tx& tx) { add_line(tx, 1); }),
        writing(workspace,
            [&](Tx& tx) {
                add_line(tx, 2);
                swallow([&] { add_line(tx, 1); });
                swallow([&] { add_line(tx, 3); });
            }),
        writing(workspace, [](Tx& tx) { add_line(tx, 4); })};

    auto const errors = run_queued(workspace, bodies);

    EXPECT_EQ(name_of(errors[1]), "constraint violation");
    EXPECT_EQ(read(workspace, positions), (std::vector<std::int64_t>{1, 4}));
}

TEST_P(Conformance, a_wrong_statement_fails_its_lambda_alone)
{
    auto const workspace = new_workspace();
    std::vector<Body> bodies{writing(workspace, [](Tx& tx) { add_line(tx, 1); }),
        writing(workspace,
            [](Tx& tx) {
                add_line(tx, 2);
                tx.run("INSERT INTO no_such_table (workspace_id) VALUES ($1)");
            }),
        writing(workspace, [](Tx& tx) { tx.one<int>("SELEKT 1 WHERE $1 IS NOT NULL"); }),
        writing(workspace, [](Tx& tx) { add_line(tx, 3); })};

    auto const errors = run_queued(workspace, bodies);

    EXPECT_EQ(name_of(errors[1]), "internal");
    EXPECT_EQ(name_of(errors[2]), "internal");
    EXPECT_EQ(read(workspace, positions), (std::vector<std::int64_t>{1, 3}));
}

TEST_P(Conformance, exceptions_arrive_as_they_were_thrown)
{
    struct Odd { };
    auto const workspace = new_workspace();

    try {
        write(workspace,
            [](Tx&) { throw Problem{Errc::invalid_body, "why", {{"to.phone", "is too long"}}}; });
        FAIL() << "nothing was thrown";
    } catch (Problem const& problem) {
        EXPECT_EQ(problem.detail, "why");
        ASSERT_EQ(problem.fields.size(), 1U);
        EXPECT_EQ(problem.fields[0].field, "to.phone");
    }
    EXPECT_THROW(write(workspace, [](Tx&) { throw Odd{}; }), Odd);
    EXPECT_THROW(read(workspace, [](Tx const&) { throw Odd{}; }), Odd);
}

TEST_P(Conformance, the_value_of_a_lambda_is_the_value_of_the_write)
{
    auto const workspace = new_workspace();

    EXPECT_EQ(write(workspace, [](Tx&) { return std::string(10'000, 'v'); }).size(), 10'000U);
    auto const pointer = write(workspace, [](Tx&) { return std::make_unique<int>(7); });
    EXPECT_EQ(*pointer, 7);
}

TEST_P(Conformance, reads_see_what_is_committed_and_nothing_else)
{
    auto const workspace = new_workspace();
    std::size_t seen_while_open = 99;

    auto const errors = run_queued(workspace, {writing(workspace, [](Tx& tx) { add_line(tx, 1); })},
        [&] { seen_while_open = read(workspace, positions).size(); });

    EXPECT_EQ(name_of(errors[0]), "nothing");
    EXPECT_EQ(seen_while_open, 0U);
    EXPECT_EQ(read(workspace, positions).size(), 1U);
}

TEST_P(Conformance, a_read_is_one_snapshot)
{
    auto const workspace = new_workspace();
    write(workspace, [](Tx& tx) { add_line(tx, 1); });

    auto const sizes = read(workspace, [&](Tx const& tx) {
        auto const before = positions(tx).size();
        // From another thread, as this one runs the read.
        std::thread{[&] { write(workspace, [](Tx& writing) { add_line(writing, 2); }); }}.join();
        return std::pair{before, positions(tx).size()};
    });

    EXPECT_EQ(sizes, (std::pair<std::size_t, std::size_t>{1, 1}));
    EXPECT_EQ(read(workspace, positions).size(), 2U);
}

TEST_P(Conformance, a_read_cannot_write)
{
    auto const workspace = new_workspace();

    EXPECT_ANY_THROW(read(workspace, [](Tx const& tx) {
        return tx.one<std::int64_t>("INSERT INTO lines (workspace_id, position, body) "
                                    "VALUES ($1, 1, 'x') RETURNING position");
    }));

    EXPECT_TRUE(read(workspace, positions).empty());
}

TEST_P(Conformance, a_read_ends_after_two_seconds)
{
    auto const workspace = new_workspace();
    auto const endless = [](Tx const& tx) {
        return tx.one<std::int64_t>(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 3 - x FROM n) "
            "SELECT COUNT(*) FROM n, lines WHERE workspace_id = $1 OR x > 0");
    };
    write(workspace, [](Tx& tx) { add_line(tx, 1); });
    auto const started = std::chrono::steady_clock::now();

    std::exception_ptr error;
    try {
        read(workspace, endless);
    } catch (...) {
        error = std::current_exception();
    }

    EXPECT_EQ(name_of(error), "overloaded");
    EXPECT_GE(std::chrono::steady_clock::now() - started, seconds{2});
    EXPECT_EQ(read(workspace, positions).size(), 1U); // the connection goes on
}

TEST_P(Conformance, a_caller_goes_on_on_its_own_thread)
{
    auto const workspace = new_workspace();
    for (std::size_t thread = 0; thread < 2; ++thread) {
        std::thread::id before, after_write, after_read, after_throw;
        run(
            [&]() -> Task<void> {
                before = std::this_thread::get_id();
                co_await db->write(workspace, [](Tx&) { });
                after_write = std::this_thread::get_id();
                co_await db->read(workspace, [](Tx const&) { });
                after_read = std::this_thread::get_id();
                try {
                    co_await db->write(workspace, [](Tx&) { throw Problem{Errc::forbidden}; });
                } catch (Problem const&) {
                    after_throw = std::this_thread::get_id();
                }
            },
            thread);
        EXPECT_EQ(before, after_write);
        EXPECT_EQ(before, after_read);
        EXPECT_EQ(before, after_throw);
    }
}

TEST_P(Conformance, a_lambda_still_queued_at_its_deadline_is_dropped)
{
    auto const workspace = new_workspace();
    std::atomic<bool> ran = false;
    std::exception_ptr error;

    run_queued(workspace, {}, [&] {
        // The writer is held: only the deadline can end this.
        try {
            run([&]() -> Task<void> {
                co_await db->write(
                    workspace, [&](Tx&) { ran = true; }, Patience{.queued = milliseconds{20}});
            });
        } catch (...) {
            error = std::current_exception();
        }
    });

    EXPECT_EQ(name_of(error), "overloaded");
    write(workspace, [](Tx&) { }); // whatever was queued has run
    EXPECT_FALSE(ran);
}

TEST_P(Conformance, a_lambda_that_has_started_is_waited_for)
{
    auto const workspace = new_workspace();

    auto const done = get<bool>([&]() -> Task<bool> {
        co_return co_await db->write(
            workspace,
            [&](Tx& tx) {
                add_line(tx, 1);
                // Beyond its patience, which counts only in the queue.
                auto const until = std::chrono::steady_clock::now() + milliseconds{120};
                while (std::chrono::steady_clock::now() < until)
                    std::this_thread::yield();
                return true;
            },
            Patience{.queued = milliseconds{60}});
    });

    EXPECT_TRUE(done);
    EXPECT_EQ(read(workspace, positions).size(), 1U);
}

TEST_P(Conformance, a_crowd_of_one_workspace_does_not_hold_up_another)
{
    auto const crowd = new_workspace();
    auto const lone = new_workspace_beside(crowd);
    std::atomic<int> ran_before_lone{-1};
    std::atomic<int> crowd_ran{0};
    std::vector<Body> bodies;
    for (int i = 0; i < 4000; ++i)
        bodies.push_back(writing(crowd, [&, i](Tx& tx) {
            add_line(tx, i);
            ++crowd_ran;
        }));
    bodies.push_back(writing(lone, [&](Tx&) {
        if (ran_before_lone < 0)
            ran_before_lone = crowd_ran.load();
    }));

    auto const errors = run_queued(crowd, bodies);

    EXPECT_EQ(name_of(errors.back()), "nothing");
    EXPECT_EQ(read(crowd, positions).size(), 4000U);
    EXPECT_LE(ran_before_lone, 100);
}

TEST_P(Conformance, the_listener_hears_of_a_commit_when_it_can_be_seen)
{
    auto const workspace = new_workspace();
    std::promise<std::size_t> seen;
    std::atomic<bool> heard = false;
    db->on_commit([&](std::span<Committed const> commits) {
        for (auto const& commit : commits)
            if (commit.workspace == workspace && (commit.wakes & 1) != 0 && !heard.exchange(true))
                seen.set_value(read(workspace, positions).size());
    });

    write(workspace, [](Tx& tx) {
        add_line(tx, 1);
        tx.wake(Wake::log);
    });

    auto future = seen.get_future();
    ASSERT_EQ(future.wait_for(seconds{10}), std::future_status::ready);
    EXPECT_EQ(future.get(), 1U);
}

TEST_P(Conformance, a_caller_goes_on_only_once_the_listener_has_heard)
{
    auto const workspace = new_workspace();
    std::promise<void> going_on;
    auto gone_on = going_on.get_future();
    std::atomic<bool> heard = false;
    std::atomic<bool> first = false;
    db->on_commit([&](std::span<Committed const> commits) {
        for (auto const& commit : commits)
            if (commit.workspace == workspace && !heard.exchange(true))
                first = gone_on.wait_for(milliseconds{50}) == std::future_status::timeout;
    });

    write(workspace, [](Tx& tx) { tx.wake(Wake::log); });
    going_on.set_value();

    EXPECT_TRUE(heard);
    EXPECT_TRUE(first);
    db->on_commit({});
}

TEST_P(Conformance, wakes_of_lambdas_that_failed_are_not_heard)
{
    auto const good = new_workspace();
    auto const bad = new_workspace_beside(good);
    std::mutex mutex;
    std::vector<Committed> heard;
    std::condition_variable changed;
    db->on_commit([&](std::span<Committed const> commits) {
        std::lock_guard const lock{mutex};
        heard.insert(heard.end(), commits.begin(), commits.end());
        changed.notify_all();
    });

    run_queued(good,
        {writing(bad,
             [](Tx& tx) {
                 tx.wake(Wake::jobs);
                 throw Problem{Errc::forbidden};
             }),
            writing(good, [](Tx& tx) { tx.wake(Wake::log); }),
            writing(good, [](Tx& tx) { tx.wake(Wake::jobs); })});

    std::unique_lock lock{mutex};
    std::uint8_t wakes = 0;
    auto const complete = changed.wait_for(lock, seconds{10}, [&] {
        wakes = 0;
        for (auto const& commit : heard)
            if (commit.workspace == good)
                wakes |= commit.wakes;
        return wakes == 3;
    });
    EXPECT_TRUE(complete);
    for (auto const& commit : heard)
        EXPECT_FALSE(commit.workspace == bad);
}

TEST_P(Conformance, close_finishes_what_is_queued_and_refuses_the_rest)
{
    auto const workspace = new_workspace();
    std::atomic<int> done = 0;
    std::atomic<int> draining = 0;
    std::latch ended{400};
    for (int i = 0; i < 400; ++i)
        tasks.spawn(io.at(static_cast<std::size_t>(i % 2)), "write", [&, i]() -> Task<void> {
            try {
                co_await db->write(workspace, [i](Tx& tx) { add_line(tx, i); });
                ++done;
            } catch (Problem const& problem) {
                draining += problem.code == Errc::draining ? 1 : 0;
            }
            ended.count_down();
        });

    db->close();
    ended.wait();

    EXPECT_EQ(done + draining, 400);
    EXPECT_THROW(write(workspace, [](Tx&) { }), Problem);
    reopen();
    EXPECT_EQ(read(workspace, positions).size(), static_cast<std::size_t>(done));
}

TEST_P(Conformance, ping_answers)
{
    run([&]() -> Task<void> { co_await db->ping(); });
}

}
