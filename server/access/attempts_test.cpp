#include "access/access_world_test.hpp"

#include <set>

namespace hermod::access {

class AttemptsTest : public ::testing::Test {
protected:
    std::optional<seconds> take(std::string const& address, bool known = false)
    {
        return limits.take(place_of(address), "ana@example.com", known, now);
    }
    static std::string address(int n)
    {
        return "10." + std::to_string(n >> 16 & 255) + '.' + std::to_string(n >> 8 & 255) + '.'
            + std::to_string(n & 255);
    }

    AttemptLimits limits{0};
    Timestamp now = Timestamp::from_s(1'800'000'000);
};

TEST_F(AttemptsTest, one_place_waits_longer_after_each_failure)
{
    for (int i = 0; i < 8; ++i)
        EXPECT_FALSE(take("10.0.0.1").has_value()) << i;
    std::vector<std::int64_t> waits;
    for (int i = 0; i < 7; ++i) {
        auto const wait = take("10.0.0.1");
        ASSERT_TRUE(wait.has_value());
        EXPECT_EQ(take("10.0.0.1"), wait) << "to be refused costs nothing more";
        waits.push_back(wait->count());
        now = now + *wait;
        EXPECT_FALSE(take("10.0.0.1").has_value());
    }

    EXPECT_EQ(waits, (std::vector<std::int64_t>{30, 60, 120, 240, 480, 900, 900}));
}

TEST_F(AttemptsTest, many_strangers_together_are_slowed_down)
{
    int let_in = 0;
    for (int second = 0; second < 3600; ++second, now = now + seconds{1})
        for (int i = 0; i < 10; ++i)
            let_in += take(address(second * 10 + i)) ? 0 : 1;

    // A botnet of 36,000 addresses gets as many guesses in an hour as this, not 36,000.
    EXPECT_LT(let_in, 180);
}

TEST_F(AttemptsTest, strangers_do_not_keep_a_known_place_out)
{
    for (int i = 0; i < 1000; ++i, now = now + seconds{1})
        take(address(i + 1000));
    ASSERT_TRUE(take(address(9999)).has_value());

    EXPECT_FALSE(take("192.0.2.7", true).has_value());
}

TEST_F(AttemptsTest, the_right_password_wipes_the_places_slate)
{
    for (int i = 0; i < 8; ++i)
        take("10.0.0.1");
    ASSERT_TRUE(take("10.0.0.1").has_value());

    limits.forgive(place_of("10.0.0.1"), "ana@example.com");

    EXPECT_FALSE(take("10.0.0.1").has_value());
}

TEST_F(AttemptsTest, a_quiet_day_is_forgiven)
{
    for (int i = 0; i < 12; ++i, now = now + seconds{900})
        take("10.0.0.1");
    now = now + seconds{25 * 3600};

    for (int i = 0; i < 8; ++i)
        EXPECT_FALSE(take("10.0.0.1").has_value()) << i;
}

TEST_F(AttemptsTest, an_ipv6_subscriber_is_one_place)
{
    EXPECT_EQ(place_of("2001:db8:1:2::1"), place_of("2001:db8:1:2:ffff::9"));
    EXPECT_NE(place_of("2001:db8:1:2::1"), place_of("2001:db8:1:3::1"));
    EXPECT_NE(place_of("10.0.0.1"), place_of("10.0.0.2"));
}

TEST_F(AttemptsTest, memory_is_bounded_and_whoever_must_wait_stays)
{
    for (int i = 0; i < 9; ++i)
        take("192.0.2.1", true);
    for (int i = 0; i < 250'000; ++i)
        take(address(i), true);

    EXPECT_LE(limits.size(), 100'001U);
    EXPECT_TRUE(take("192.0.2.1", true).has_value());
}

using LogInTest = AccessWorld;

TEST_F(LogInTest, stuffing_from_everywhere_does_not_lock_the_owner_out)
{
    sign_up();
    int refused = 0;
    for (int i = 0; i < 120; ++i) {
        api.remote_address = "10.1." + std::to_string(i / 250) + '.' + std::to_string(i % 250);
        refused += log_in("guess " + std::to_string(i)).code() == "rate_limited" ? 1 : 0;
    }
    EXPECT_GT(refused, 10);

    api.remote_address = "10.2.0.1"; // a stranger with the right password waits like the others
    EXPECT_EQ(log_in("correct horse").code(), "rate_limited");
    api.remote_address = "10.0.0.1"; // where she registered
    EXPECT_EQ(log_in("correct horse").status, 200);
}

TEST_F(LogInTest, a_login_that_is_not_there_costs_the_same_work)
{
    sign_up();
    auto const work_of = [&](std::string const& email) {
        auto const before = access.passwords.done();
        log_in("wrong horse", email);
        return access.passwords.done() - before;
    };

    EXPECT_EQ(work_of("ana@example.com"), 1U);
    EXPECT_EQ(work_of("nobody@example.com"), 1U);
    EXPECT_EQ(work_of("no address"), 1U);
}

TEST_F(LogInTest, registering_a_taken_address_costs_the_same_work)
{
    sign_up();
    auto const work_of = [&](std::string const& email) {
        auto const before = access.passwords.done();
        api.post("/api/v1/auth/register",
            R"({"email":")" + email
                + R"(","password":"correct horse","name":"A","workspace_name":"B"})");
        return access.passwords.done() - before;
    };

    EXPECT_EQ(work_of("ana@example.com"), 1U);
    EXPECT_EQ(work_of("new@example.com"), 1U);
}

TEST_F(LogInTest, a_stranger_and_a_wrong_password_are_refused_alike)
{
    sign_up();
    std::set<std::string> answers;
    for (std::string const email : {"ana@example.com", "nobody@example.com"})
        for (int i = 0; i < 10; ++i) {
            auto answer = log_in("wrong horse", email);
            answer.body.get_object().erase("request_id");
            answers.insert(std::to_string(i) + json_to_text(answer.body));
        }

    EXPECT_EQ(answers.size(), 10U) << "one per attempt, whichever address";
}

TEST_F(LogInTest, asking_which_addresses_are_registered_is_slow)
{
    std::string code;
    int tries = 0;
    for (; tries < 60 && code != "rate_limited"; ++tries)
        code = api.post("/api/v1/auth/register",
                      R"({"email":"nobody","password":"correct horse","name":"A",)"
                      R"("workspace_name":"B"})")
                   .code();

    EXPECT_EQ(tries, 31);
}

}
