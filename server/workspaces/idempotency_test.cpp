#include "net/replay.hpp"
#include "testing/world.hpp"
#include "workspaces/idempotency.hpp"
#include "workspaces/workspaces.hpp"

namespace hermod::workspaces {

class IdempotencyTest : public testing::World {
protected:
    IdempotencyTest()
    {
        on_new_workspace([](db::Tx& tx) { create_workspace(tx, {"Shop"}); });
        caller.kind = Caller::Kind::api_key;
        caller.workspace = make_workspace();
        caller.person = PersonId::make(clock.now());
        use("k1", "body");
    }

    void use(std::string key, std::string_view body)
    {
        caller.idempotency = IdempotencyUse{std::move(key), "POST /things", sha256(body)};
    }

    /// The answer, `replayed <status>` or the problem's code.
    std::string post(std::string const& answer)
    {
        try {
            return run(write_once(db, caller, 201, [&](db::Tx&) {
                if (answer.empty())
                    throw Problem{Errc::forbidden};
                return answer;
            }));
        } catch (net::ReplayedReply const& reply) {
            return "replayed " + std::to_string(reply.status) + ' ' + reply.body;
        } catch (Problem const& problem) {
            return std::string{info(problem.code).name};
        }
    }

    Caller caller;
};

TEST_F(IdempotencyTest, a_repeat_gets_the_first_answer)
{
    EXPECT_EQ(post("one"), "one");
    EXPECT_EQ(post("two"), "replayed 201 \"one\"");
}

TEST_F(IdempotencyTest, another_body_under_the_key_is_refused)
{
    post("one");
    use("k1", "another body");

    EXPECT_EQ(post("two"), "idempotency_key_reused");
}

TEST_F(IdempotencyTest, only_a_success_is_remembered)
{
    EXPECT_EQ(post(""), "forbidden");
    EXPECT_EQ(post("one"), "one");
}

TEST_F(IdempotencyTest, keys_are_the_callers_the_routes_and_the_workspaces_own)
{
    post("one");
    auto const first = caller;

    use("k2", "body");
    EXPECT_EQ(post("key"), "key");
    caller = first;
    caller.idempotency->route = "POST /others";
    EXPECT_EQ(post("route"), "route");
    caller = first;
    caller.person = PersonId::make(clock.now());
    EXPECT_EQ(post("person"), "person");
    caller = first;
    caller.workspace = make_workspace();
    EXPECT_EQ(post("workspace"), "workspace");
    caller = first;
    EXPECT_EQ(post("again"), "replayed 201 \"one\"");
}

TEST_F(IdempotencyTest, without_a_key_nothing_is_remembered)
{
    caller.idempotency.reset();

    EXPECT_EQ(post("one"), "one");
    EXPECT_EQ(post("two"), "two");
}

TEST_F(IdempotencyTest, a_key_is_forgotten_after_its_day)
{
    post("one");
    clock.advance(std::chrono::hours{24} - microseconds{1});
    EXPECT_EQ(post("two"), "replayed 201 \"one\"");

    clock.advance(microseconds{1});

    EXPECT_EQ(post("two"), "two");
    EXPECT_EQ(post("three"), "replayed 201 \"two\"");
}

TEST_F(IdempotencyTest, a_sweep_removes_what_is_over_in_small_batches)
{
    for (int i = 0; i < 5; ++i) {
        use("k" + std::to_string(i), "body");
        post("one");
    }
    auto const sweep = [&] {
        return write(caller.workspace, [](db::Tx& tx) { return sweep_expired(tx, 3); });
    };
    EXPECT_EQ(sweep(), 0);
    clock.advance(std::chrono::hours{24});
    use("new", "body");
    post("one");

    EXPECT_EQ(sweep(), 3);
    EXPECT_EQ(sweep(), 2);
    EXPECT_EQ(sweep(), 0);
    EXPECT_EQ(post("two"), "replayed 201 \"one\"");
}

TEST_F(IdempotencyTest, two_at_once_do_it_once)
{
    std::vector<std::string> outcomes;
    Tasks tasks;
    for (int i = 0; i < 2; ++i) {
        tasks.spawn(io, "post", [&]() -> Task<void> {
            try {
                outcomes.push_back(co_await write_once(
                    db, caller, 201, [](db::Tx&) { return std::string{"one"}; }));
            } catch (net::ReplayedReply const& reply) {
                outcomes.push_back(reply.body);
            }
        });
    }

    ASSERT_TRUE(drive_until([&] { return outcomes.size() == 2; }));

    std::ranges::sort(outcomes);
    EXPECT_EQ(outcomes, (std::vector<std::string>{"\"one\"", "one"}));
}

}
