#include "accounts/accounts_world_test.hpp"
#include "accounts/supervisor.hpp"
#include "testing/disturbed_database.hpp"

#include <atomic>
#include <thread>

namespace hermod::accounts {

class SupervisorTest : public AccountsTest {
protected:
    SupervisorTest()
    {
        db.on_commit([this](std::span<db::Committed const> commits) {
            for (auto const& commit : commits) {
                if ((commit.wakes & static_cast<std::uint8_t>(db::Wake::accounts)) != 0)
                    supervisor.wake(commit.workspace);
            }
        });
    }
    ~SupervisorTest() override
    {
        db.on_commit({});
        std::thread stopper{[this] {
            tasks.stop();
            stopped = true;
        }};
        drive_until([this] { return stopped.load(); });
        stopper.join();
    }

    bool becomes(AccountId const& id, State state)
    {
        return drive_until([&] { return reached(id, state); });
    }
    /// Asked without running the loop: `drive_until` does.
    bool reached(AccountId const& id, State state)
    {
        bool result = false;
        asio::io_context other{1};
        run_blocking(other, [&]() -> Task<void> {
            auto const account = co_await get_account(deps, me(), id);
            result = account.state == state;
        });
        return result;
    }

    Circuit circuit{db, clock};
    Tasks tasks;
    Metrics metrics;
    testing::DisturbedDatabase flaky{db};
    Supervisor supervisor{flaky, connectors, keyring, circuit, tasks, metrics};
    std::atomic<bool> stopped{false};
};

TEST_F(SupervisorTest, starts_what_is_there_and_what_comes)
{
    auto const before = create({.connector = {"mail"}, .credentials = Credentials{R"({"p":1})"}});
    supervisor.start(io);
    EXPECT_TRUE(becomes(before.id, State::connected));
    ASSERT_EQ(mail.started.size(), 1U);
    EXPECT_EQ(mail.started[0].credentials, R"({"p":1})");

    auto const after = create("mail");
    EXPECT_TRUE(becomes(after.id, State::connected));
    EXPECT_EQ(mail.started.size(), 2U);
}

TEST_F(SupervisorTest, stops_what_is_paused_and_starts_it_again)
{
    auto const account = create("mail");
    supervisor.start(io);
    ASSERT_TRUE(becomes(account.id, State::connected));

    run(pause_account(deps, me(), account.id));
    EXPECT_TRUE(drive_until([&] { return mail.stopped.size() == 1; }));

    run(connect_account(deps, me(), account.id));
    EXPECT_TRUE(becomes(account.id, State::connected));
    EXPECT_EQ(mail.started.size(), 2U);
}

TEST_F(SupervisorTest, new_credentials_stop_and_start_it)
{
    auto const account = create("mail");
    supervisor.start(io);
    ASSERT_TRUE(becomes(account.id, State::connected));

    run(update_account(deps, me(), account.id, {.credentials = Credentials{R"({"p":2})"}}));

    EXPECT_TRUE(becomes(account.id, State::connected));
    EXPECT_EQ(mail.stopped.size(), 1U);
    EXPECT_EQ(mail.started.back().credentials, R"({"p":2})");
}

TEST_F(SupervisorTest, leaves_alone_what_is_not_to_run)
{
    auto const paused = create("mail");
    run(pause_account(deps, me(), paused.id));
    auto const banned = create("mail");
    set(banned.id, {"banned", "spam", {}});
    auto const good = create("mail");
    supervisor.start(io);

    ASSERT_TRUE(becomes(good.id, State::connected));
    EXPECT_EQ(mail.started.size(), 1U);
    EXPECT_EQ(state_of(banned.id), State::banned);
}

TEST_F(SupervisorTest, an_account_that_cannot_start_has_failed)
{
    mail.fails = true;
    auto const account = create("mail");
    supervisor.start(io);

    EXPECT_TRUE(becomes(account.id, State::failed));
}

TEST_F(SupervisorTest, an_account_waits_for_a_database_that_is_away)
{
    auto const account = create("mail");
    supervisor.start(io);
    ASSERT_TRUE(becomes(account.id, State::connected));

    run(pause_account(deps, me(), account.id));
    ASSERT_TRUE(drive_until([&] { return mail.stopped.size() == 1; }));
    mail.away = [&] { throw Problem{Errc::overloaded}; };
    run(connect_account(deps, me(), account.id));
    ASSERT_TRUE(drive_until([&] { return mail.started.size() == 2; }));
    EXPECT_EQ(state_of(account.id), State::connecting);
    mail.away = {};
    clock.advance(seconds{5});

    EXPECT_TRUE(becomes(account.id, State::connected));
    EXPECT_EQ(mail.started.size(), 3U);
}

TEST_F(SupervisorTest, a_start_that_could_not_be_written_is_written_later_and_not_done_again)
{
    flaky.writes_to_fail = 2;
    auto const account = create("mail");
    supervisor.start(io);
    ASSERT_TRUE(drive_until([&] { return flaky.writes_to_fail == 1; }));
    EXPECT_EQ(state_of(account.id), State::connecting);

    clock.advance(seconds{5});
    ASSERT_TRUE(drive_until([&] { return flaky.writes_to_fail == 0; }));
    clock.advance(seconds{5});

    EXPECT_TRUE(becomes(account.id, State::connected));
    EXPECT_EQ(mail.started.size(), 1U);
}

TEST_F(SupervisorTest, an_account_paused_while_the_database_was_away_is_not_started)
{
    flaky.writes_to_fail = 1;
    auto const account = create("mail");
    supervisor.start(io);
    ASSERT_TRUE(drive_until([&] { return flaky.writes_to_fail == 0; }));

    run(pause_account(deps, me(), account.id));
    ASSERT_TRUE(drive_until([&] { return mail.stopped.size() == 1; }));
    clock.advance(seconds{5});

    EXPECT_TRUE(drive_until([&] { return tasks.running() == 1; }));
    EXPECT_EQ(state_of(account.id), State::paused);
}

TEST_F(SupervisorTest, an_open_circuit_is_remembered_over_a_restart)
{
    auto const account = create("mail");
    set(account.id, {"connected", {}, {}});
    Circuit earlier{db, clock};
    SendError const error{ErrorKind::retryable, "down", {}, {}};
    for (int i = 0; i < 6; ++i)
        run(earlier.report(workspace, account.id, error));
    supervisor.start(io);

    EXPECT_TRUE(drive_until([&] { return mail.started.size() == 1; }));
    EXPECT_TRUE(drive_until([&] { return circuit.blocked_until(account.id).has_value(); }));
    EXPECT_EQ(state_of(account.id), State::degraded);
}

TEST_F(SupervisorTest, a_provider_out_of_reach_is_probed_by_the_first_send)
{
    mail.next_state = {"degraded", "not reachable", {}};
    auto const account = create("mail");
    supervisor.start(io);
    ASSERT_TRUE(becomes(account.id, State::degraded));
    ASSERT_TRUE(drive_until([&] { return circuit.blocked_until(account.id).has_value(); }));

    clock.advance(Circuit::first_pause);
    EXPECT_FALSE(circuit.blocked_until(account.id).has_value());
    run(circuit.report(workspace, account.id, std::nullopt));

    EXPECT_EQ(state_of(account.id), State::connected);
}

}
