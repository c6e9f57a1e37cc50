#include "access/access_world_test.hpp"
#include "net/replay.hpp"

namespace hermod::access {

class StreamTicketsTest : public AccessWorld {
protected:
    StreamTicketsTest()
    {
        owner = sign_up();
        as = bearer(owner.text("access_token"));
    }

    testing::Answer ask(net::Pairs const& headers)
    {
        return api.post("/api/v1/auth/stream_ticket", "", headers);
    }
    testing::Answer open(std::string const& ticket) { return api.get("/stream?ticket=" + ticket); }

    testing::Answer owner;
    net::Pairs as;
};

TEST_F(StreamTicketsTest, a_ticket_opens_one_stream_and_then_says_so)
{
    auto const ticket = ask(as);
    ASSERT_EQ(ticket.status, 201);

    auto const first = open(ticket.text("ticket"));
    auto const second = open(ticket.text("ticket"));

    EXPECT_EQ(first.text("person_id"), owner.text("workspaces/0/person_id"));
    EXPECT_EQ(second.status, 204);
    clock.advance(std::chrono::minutes{30});
    EXPECT_EQ(open(ticket.text("ticket")).status, 204);
}

TEST_F(StreamTicketsTest, a_ticket_is_good_for_thirty_seconds)
{
    auto const early = ask(as).text("ticket");
    auto const late = ask(as).text("ticket");

    clock.advance(seconds{29});
    EXPECT_EQ(open(early).status, 200);
    clock.advance(seconds{1});
    EXPECT_EQ(open(late).status, 401);
}

TEST_F(StreamTicketsTest, a_ticket_opens_streams_alone)
{
    auto const ticket = ask(as).text("ticket");

    EXPECT_EQ(api.get("/api/v1/people?ticket=" + ticket).status, 401);
    EXPECT_EQ(api.get("/seen?ticket=" + ticket).status, 401);
    EXPECT_EQ(api.get("/stream", bearer(ticket)).status, 401);
    EXPECT_EQ(open(ticket).status, 200) << "none of these used it";
}

TEST_F(StreamTicketsTest, what_is_no_ticket_is_refused)
{
    for (auto const& text : {std::string{"x"}, std::string{"hst_"}, std::string{"hst_nothing"},
             owner.text("access_token"), owner.text("refresh_token")})
        EXPECT_EQ(open(text).code(), "unauthenticated") << text;
    EXPECT_EQ(api.get("/stream?ticket=" + std::string(5000, 'a')).status, 401);
}

TEST_F(StreamTicketsTest, a_ticket_is_stored_as_its_hash)
{
    auto const ticket = ask(as).text("ticket");

    EXPECT_EQ(run(db.system().read([&](db::GlobalTx const& tx) {
        return tx.one<std::int64_t>(
            "SELECT COUNT(*) FROM stream_tickets WHERE hash = $1", sha256(ticket));
    })),
        1);
}

TEST_F(StreamTicketsTest, a_ticket_ends_with_the_credentials_that_asked_for_it)
{
    auto const key = new_key(as, R"("scopes":["events:read"])");
    auto const by_key = ask(bearer(key.text("key"))).text("ticket");
    auto const other = log_in("correct horse");
    auto const by_session = ask(bearer(other.text("access_token"))).text("ticket");

    api.del("/api/v1/api_keys/" + key.text("id"), as);
    api.post("/api/v1/auth/logout", "", bearer(other.text("access_token")));

    EXPECT_EQ(open(by_key).status, 401);
    EXPECT_EQ(open(by_session).status, 401);
}

TEST_F(StreamTicketsTest, a_ticket_of_a_login_with_several_workspaces_names_one)
{
    auto const second = api.post("/api/v1/workspaces", R"({"name":"Bakery"})", as).text("id");
    auto const token = owner.text("access_token");

    EXPECT_EQ(open(ask(as).text("ticket")).code(), "workspace_required");
    EXPECT_EQ(open(ask(bearer_in(token, second)).text("ticket")).text("workspace_id"), second);
}

TEST_F(StreamTicketsTest, a_ticket_gives_no_more_than_its_holder_may)
{
    auto const key = new_key(as, R"("scopes":["people:read"])").text("key");

    EXPECT_EQ(open(ask(bearer(key)).text("ticket")).code(), "missing_scope");
}

TEST_F(StreamTicketsTest, two_at_once_open_one_stream)
{
    auto const ticket = ask(as).text("ticket");
    net::Request request;
    request.query = {{"ticket", ticket}};
    net::Route route{};
    route.takes_ticket = true;
    int let_in = 0;
    int ended = 0;
    Tasks tasks;
    for (int i = 0; i < 8; ++i) {
        tasks.spawn(io, "stream", [&]() -> Task<void> {
            try {
                auto const caller = co_await access.authenticator.authenticate(request, route);
                let_in += caller.has_value() ? 1 : 0;
            } catch (net::StreamEnded const&) {
                ++ended;
            }
        });
    }

    ASSERT_TRUE(drive_until([&] { return let_in + ended == 8; }));

    EXPECT_EQ(let_in, 1);
}

TEST_F(StreamTicketsTest, old_tickets_are_swept)
{
    ask(as);
    run(access.watch.sweep());
    EXPECT_EQ(count("SELECT COUNT(*) FROM stream_tickets"), 1);

    clock.advance(std::chrono::hours{2});
    run(access.watch.sweep());

    EXPECT_EQ(count("SELECT COUNT(*) FROM stream_tickets"), 0);
}

}
