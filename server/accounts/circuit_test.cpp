#include "accounts/accounts_world_test.hpp"
#include "accounts/circuit.hpp"

namespace hermod::accounts {

class CircuitTest : public AccountsTest {
protected:
    CircuitTest()
    {
        id = create("mail").id;
        set(id, {"connected", {}, {}});
    }

    void report(std::optional<ErrorKind> kind, std::optional<milliseconds> retry_after = {})
    {
        std::optional<SendError> error;
        if (kind)
            error = SendError{*kind, "said no", {}, retry_after};
        run(circuit.report(workspace, id, error));
    }
    void fail(int times)
    {
        for (int i = 0; i < times; ++i)
            report(ErrorKind::retryable);
    }
    bool blocked() { return circuit.blocked_until(id).has_value(); }

    Circuit circuit{db, clock};
    AccountId id;
};

TEST_F(CircuitTest, opens_after_five_failures_in_a_row_and_not_before)
{
    fail(4);
    report(std::nullopt);
    fail(4);
    EXPECT_FALSE(blocked());
    EXPECT_EQ(state_of(id), State::connected);

    fail(1);

    EXPECT_EQ(circuit.blocked_until(id), clock.now() + seconds{10});
    EXPECT_EQ(state_of(id), State::degraded);
}

TEST_F(CircuitTest, lets_one_probe_through_whose_success_closes_it)
{
    fail(5);
    clock.advance(seconds{10});

    EXPECT_FALSE(blocked()); // the probe
    EXPECT_EQ(circuit.blocked_until(id), clock.now() + seconds{2});
    report(std::nullopt);

    EXPECT_FALSE(blocked());
    EXPECT_FALSE(blocked());
    EXPECT_EQ(state_of(id), State::connected);
}

TEST_F(CircuitTest, stays_open_for_longer_each_time_a_probe_fails)
{
    fail(5);
    for (auto const pause : {20, 40, 80, 160, 320, 600, 600}) {
        clock.advance(*circuit.blocked_until(id) - clock.now());
        EXPECT_FALSE(blocked());

        fail(1);

        EXPECT_EQ(circuit.blocked_until(id), clock.now() + seconds{pause});
    }
}

TEST_F(CircuitTest, what_was_under_way_when_it_opened_does_not_prolong_it)
{
    fail(5);
    auto const until = circuit.blocked_until(id);

    fail(20);

    EXPECT_EQ(circuit.blocked_until(id), until);
}

TEST_F(CircuitTest, a_probe_that_is_never_reported_is_given_up)
{
    fail(5);
    clock.advance(seconds{10});
    EXPECT_FALSE(blocked());
    clock.advance(seconds{59});
    EXPECT_TRUE(blocked());
    clock.advance(seconds{1});

    EXPECT_FALSE(blocked());
}

TEST_F(CircuitTest, a_final_answer_about_a_message_shows_that_the_provider_works)
{
    fail(4);
    report(ErrorKind::recipient);
    fail(4);
    report(ErrorKind::content);
    fail(4);

    EXPECT_FALSE(blocked());
}

TEST_F(CircuitTest, trouble_of_one_recipient_is_not_counted)
{
    for (int i = 0; i < 10; ++i) {
        SendError error{ErrorKind::retryable, "greylisted", {}, {}};
        error.about_recipient = true;
        run(circuit.report(workspace, id, error));
    }

    EXPECT_FALSE(blocked());
}

TEST_F(CircuitTest, pace_holds_the_account_back_as_long_as_it_was_told)
{
    report(ErrorKind::pace, seconds{30});

    EXPECT_EQ(circuit.blocked_until(id), clock.now() + seconds{30});
    EXPECT_EQ(state_of(id), State::connected);
    clock.advance(seconds{30});
    EXPECT_FALSE(blocked());
}

TEST_F(CircuitTest, a_refused_account_says_what_is_needed)
{
    report(ErrorKind::auth);
    EXPECT_EQ(state_of(id), State::action_needed);
    EXPECT_EQ(get(id).action, "credentials");
    EXPECT_EQ(readiness_of(state_of(id)), Readiness::later);

    report(ErrorKind::account_blocked);
    EXPECT_EQ(state_of(id), State::banned);
    EXPECT_EQ(readiness_of(state_of(id)), Readiness::never);
}

TEST_F(CircuitTest, a_refusal_of_credentials_that_were_replaced_meanwhile_changes_nothing)
{
    auto const view = read(workspace, [&](db::Tx const& tx) { return open(tx, id, keyring); });
    run(update_account(deps, me(), id, {.credentials = Credentials{R"({"p":"new"})"}}));
    set(id, {"connected", {}, {}});
    std::optional<SendError> const error = SendError{ErrorKind::auth, "wrong", {}, {}};

    run(circuit.report(workspace, id, error, view.version));
    EXPECT_EQ(state_of(id), State::connected);

    run(circuit.report(workspace, id, error, view.version + 1));
    EXPECT_EQ(state_of(id), State::action_needed);
}

TEST_F(CircuitTest, closes_for_nobody_who_was_stopped_meanwhile)
{
    fail(5);
    run(pause_account(deps, me(), id));
    clock.advance(seconds{10});
    EXPECT_FALSE(blocked());

    report(std::nullopt);

    EXPECT_EQ(state_of(id), State::paused);
}

}
