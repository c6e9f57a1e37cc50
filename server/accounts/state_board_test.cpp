#include "accounts/accounts_world_test.hpp"
#include "accounts/state_board.hpp"

namespace hermod::accounts {

class StateBoardTest : public AccountsTest {
protected:
    void look()
    {
        auto const rows = read(workspace, [](db::Tx const& tx) { return list_to_run(tx); });
        board.show(workspace, rows);
    }
    /// What was logged while it ran.
    template <class F>
    std::string log_of(F&& body)
    {
        ::testing::internal::CaptureStderr();
        body();
        return ::testing::internal::GetCapturedStderr();
    }
    std::string line(std::string const& state, int count)
    {
        return "hermod_accounts{connector=\"mail\",state=\"" + state + "\"} "
            + std::to_string(count) + "\n";
    }

    Metrics metrics;
    StateBoard board{metrics, connectors};
};

TEST_F(StateBoardTest, counts_accounts_by_connector_and_state)
{
    auto const account = create("mail");
    look();
    EXPECT_TRUE(metrics.text().contains(line("connected", 0))) << metrics.text();
    EXPECT_TRUE(metrics.text().contains(line("connecting", 1)));
    set(account.id, {"connected", {}, {}});
    create("mail");
    look();
    EXPECT_TRUE(metrics.text().contains(line("connecting", 1)));
    EXPECT_TRUE(metrics.text().contains(line("connected", 1)));
    run(delete_account(deps, me(), account.id));
    look();
    EXPECT_TRUE(metrics.text().contains(line("connected", 0)));
}

TEST_F(StateBoardTest, tells_when_an_account_stops_working_and_when_it_works_again)
{
    auto const account = create("mail");
    look();

    set(account.id, {"action_needed", "wrong password", "credentials"});
    auto const trouble = log_of([&] { look(); });
    auto const nothing_new = log_of([&] { look(); });
    set(account.id, {"connected", {}, {}});
    auto const well = log_of([&] { look(); });

    EXPECT_TRUE(trouble.contains("an account is in trouble")) << trouble;
    for (auto const& part : {account.id.str(), workspace.str(), std::string{"action_needed"},
             std::string{"wrong password"}})
        EXPECT_TRUE(trouble.contains(part)) << trouble;
    EXPECT_EQ(nothing_new, "");
    EXPECT_TRUE(well.contains("an account works again")) << well;
}

TEST_F(StateBoardTest, tells_of_an_account_that_is_in_trouble_when_it_is_first_seen)
{
    create("mail");
    look();
    auto const late = create("mail");
    set(late.id, {"failed", "no such host", {}});

    EXPECT_TRUE(log_of([&] { look(); }).contains(late.id.str()));
}

TEST_F(StateBoardTest, says_nothing_of_what_it_finds_at_its_first_look)
{
    auto const account = create("mail");
    set(account.id, {"banned", "spam", {}});

    EXPECT_EQ(log_of([&] { look(); }), "");
    EXPECT_TRUE(metrics.text().contains(line("banned", 1)));
}

}
