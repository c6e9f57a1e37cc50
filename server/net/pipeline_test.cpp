#include "net/pipeline.hpp"
#include "net/replay.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace hermod::net {
namespace pipeline_test {

struct Note {
    Text<1, 20> text;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text))

struct Filter {
    PageLimit limit;
};
BOOST_DESCRIBE_STRUCT(Filter, (), (limit))

struct Deps {
    std::optional<IdempotencyUse> seen;
    std::exception_ptr fail_with;
    int calls = 0;
};

static Task<Reply> handler(Deps& deps, Caller const& caller, Request const&)
{
    ++deps.calls;
    deps.seen = caller.idempotency;
    if (deps.fail_with)
        std::rethrow_exception(deps.fail_with);
    co_return ok(Note{{"done"}});
}

struct ByToken final : Authenticator {
    Task<std::expected<Caller, Problem>> authenticate(Request const& request, Route const&) override
    {
        ++asked;
        if (auto const once = std::exchange(meanwhile, {}))
            once();
        Caller caller;
        if (request.header("authorization") == "Bearer down")
            throw Problem{Errc::storage_unavailable};
        if (request.header("authorization") != "Bearer good")
            co_return std::unexpected(Problem{Errc::unauthenticated});
        caller.kind = kind;
        caller.key = key;
        caller.scopes = scopes;
        co_return caller;
    }
    bool knows(Request const& request) const override
    {
        return known && request.header("authorization") == "Bearer good";
    }
    int asked = 0;
    bool known = false;
    std::function<void()> meanwhile;
    KeyId key;
    Caller::Kind kind = Caller::Kind::api_key;
    std::set<std::string, std::less<>> scopes{"notes:write"};
};

class PipelineTest : public testing::Test {
protected:
    PipelineTest()
    {
        FeatureRoutes<Deps> routes{router, deps, "notes"};
        routes.post<Note, Note>("/notes", handler).scope("notes:write");
        routes.get<Note>("/notes", handler).scope("notes:read").query<Filter>();
        routes.get<Note>("/people/{person_id}", handler).scope("people:read");
        routes.get<Note>("/mine/{person_id}", handler).fails_with({Errc::email_taken});
        routes.post<Note, Note>("/login", handler).open();
        routes.get<Note>("/for_people", handler).scope("notes:read").for_people();
        routes.get<Note>("/for_some", handler).scope("notes:read").for_people("notes:special");
        routes.get<Note>("/for_pages", handler).scope("notes:read").for_pages();
        routes.get<Note>("/open_to_team", handler);
        options.per_address = {.per_second = 1, .burst = 3};
        options.per_workspace = {.per_second = 1, .burst = 5};
    }

    /// The whole way of one request whose body is already there.
    Reply run(Method method, std::string path, Pairs headers = {{"authorization", "Bearer good"}},
        std::string body = {}, Pairs query = {})
    {
        if (!pipeline)
            pipeline = std::make_unique<Pipeline>(router, authenticator, clock, metrics, options);
        exchange.reset();
        exchange.request = {};
        exchange.request.method = method;
        exchange.request.path = std::move(path);
        exchange.request.headers = std::move(headers);
        exchange.request.query = std::move(query);
        exchange.request.body = std::move(body);
        exchange.request.remote_address = address;
        exchange.began = clock.steady();
        auto reply = pipeline->begin(exchange);
        if (!reply)
            run_blocking(io, [&]() -> Task<void> { reply = co_await pipeline->handle(exchange); });
        pipeline->end(exchange, *reply);
        return *std::move(reply);
    }

    std::string code(Reply const& reply)
    {
        auto const at = reply.body.find("\"code\":\"");
        if (at == std::string::npos)
            return {};
        return reply.body.substr(at + 8, reply.body.find('"', at + 8) - at - 8);
    }

    Reply post(Pairs headers, std::string body = R"({"text":"hi"})")
    {
        headers.emplace_back("authorization", "Bearer good");
        return run(Method::post, "/notes", std::move(headers), std::move(body));
    }

    asio::io_context io;
    FakeClock clock;
    Metrics metrics;
    Router router;
    Deps deps;
    ByToken authenticator;
    PipelineOptions options;
    std::unique_ptr<Pipeline> pipeline;
    Exchange exchange;
    std::string address = "10.0.0.1";
};

static std::string header_of(Reply const& reply, std::string_view name)
{
    for (auto const& [key, value] : reply.headers)
        if (key == name)
            return value;
    return {};
}

TEST_F(PipelineTest, unknown_paths_and_methods_are_told_apart)
{
    EXPECT_EQ(code(run(Method::get, "/nowhere")), "route_not_found");
    auto const reply = run(Method::del, "/notes");
    EXPECT_EQ(code(reply), "method_not_allowed");
    EXPECT_EQ(header_of(reply, "Allow"), "GET, HEAD, POST, OPTIONS");
    EXPECT_EQ(authenticator.asked, 0);
}

TEST_F(PipelineTest, without_good_credentials_nothing_runs)
{
    EXPECT_EQ(code(run(Method::get, "/notes", {})), "unauthenticated");
    EXPECT_EQ(code(run(Method::get, "/notes", {{"authorization", "Bearer down"}})),
        "storage_unavailable");
    EXPECT_EQ(deps.calls, 0);
}

TEST_F(PipelineTest, a_missing_scope_is_refused)
{
    EXPECT_EQ(code(run(Method::get, "/people/x")), "missing_scope");
    EXPECT_EQ(run(Method::get, "/notes").status, 200);
    EXPECT_EQ(deps.calls, 1);
}

TEST_F(PipelineTest, input_is_checked_before_the_handler_runs)
{
    EXPECT_EQ(code(post({}, "")), "malformed_json");
    EXPECT_EQ(code(post({}, "{")), "malformed_json");
    EXPECT_EQ(code(post({}, "{}")), "invalid_body");
    EXPECT_EQ(code(post({}, R"({"text":"a","more":1})")), "invalid_body");
    EXPECT_EQ(
        code(run(Method::get, "/notes", {{"authorization", "Bearer good"}}, {}, {{"limit", "0"}})),
        "invalid_query");
    EXPECT_EQ(deps.calls, 0);
}

TEST_F(PipelineTest, a_body_must_be_json)
{
    options.per_workspace = {};
    for (auto const type : {"text/plain", "application/x-www-form-urlencoded",
             "multipart/form-data; boundary=x", "application/jsonx", "json"})
        EXPECT_EQ(code(post({{"content-type", type}})), "unsupported_media_type") << type;
    for (auto const type : {"application/json", "Application/JSON; charset=utf-8", ""})
        EXPECT_EQ(post({{"content-type", type}}).status, 200) << type;
}

TEST_F(PipelineTest, an_idempotency_key_reaches_the_caller_with_route_and_body)
{
    post({{"idempotency-key", "k1"}});

    ASSERT_TRUE(deps.seen);
    EXPECT_EQ(deps.seen->key, "k1");
    EXPECT_EQ(deps.seen->route, "POST /notes");
    EXPECT_EQ(deps.seen->body_hash, sha256(R"({"text":"hi"})"));
}

TEST_F(PipelineTest, an_odd_idempotency_key_is_refused_and_one_of_a_get_ignored)
{
    EXPECT_EQ(code(post({{"idempotency-key", "a b"}})), "malformed_request");
    EXPECT_EQ(code(post({{"idempotency-key", "\xc3\xa9"}})), "malformed_request");
    EXPECT_EQ(code(post({{"idempotency-key", std::string(256, 'a')}})), "malformed_request");
    EXPECT_EQ(deps.calls, 0);

    run(Method::get, "/notes", {{"authorization", "Bearer good"}, {"idempotency-key", "k"}});
    EXPECT_EQ(deps.seen, std::nullopt);
}

TEST_F(PipelineTest, an_answer_given_before_is_given_again)
{
    deps.fail_with = std::make_exception_ptr(ReplayedReply{201, R"({"text":"first"})"});

    auto const reply = post({{"idempotency-key", "k1"}});

    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(reply.body, R"({"text":"first"})");
    EXPECT_EQ(header_of(reply, "Idempotent-Replayed"), "true");
}

TEST_F(PipelineTest, what_a_handler_throws_becomes_an_answer)
{
    deps.fail_with = std::make_exception_ptr(Problem{Errc::email_taken});
    EXPECT_EQ(code(run(Method::get, "/mine/x")), "email_taken");
    deps.fail_with = std::make_exception_ptr(std::runtime_error{"secret"});
    auto const reply = run(Method::get, "/mine/x");
    EXPECT_EQ(code(reply), "internal");
    EXPECT_EQ(reply.body.find("secret"), std::string::npos);
    deps.fail_with = std::make_exception_ptr(7);
    EXPECT_EQ(code(run(Method::get, "/mine/x")), "internal");
    EXPECT_EQ(pipeline->undeclared_failures(), 0u);
}

TEST_F(PipelineTest, a_code_the_route_does_not_declare_is_noticed)
{
    deps.fail_with = std::make_exception_ptr(Problem{Errc::person_not_found});
    run(Method::get, "/mine/x");
    EXPECT_EQ(pipeline->undeclared_failures(), 0u); // its path names a person

    deps.fail_with = std::make_exception_ptr(Problem{Errc::not_editable});
    EXPECT_EQ(code(run(Method::get, "/mine/x")), "not_editable");
    EXPECT_EQ(pipeline->undeclared_failures(), 1u);
}

TEST_F(PipelineTest, a_workspace_has_a_limit_and_is_told_of_it)
{
    EXPECT_EQ(run(Method::get, "/notes").status, 200);
    EXPECT_EQ(exchange.rate->limit, 5);
    EXPECT_EQ(exchange.rate->remaining, 4);
    EXPECT_EQ(exchange.rate->reset_s, 1);
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(run(Method::get, "/notes").status, 200);

    auto const reply = run(Method::get, "/notes");

    EXPECT_EQ(code(reply), "rate_limited");
    EXPECT_EQ(header_of(reply, "Retry-After"), "1");
    EXPECT_EQ(exchange.rate->remaining, 0);
    clock.advance(seconds{1});
    EXPECT_EQ(run(Method::get, "/notes").status, 200);
}

TEST_F(PipelineTest, bad_credentials_exhaust_their_address_and_no_other)
{
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(code(run(Method::get, "/notes", {})), "unauthenticated");

    EXPECT_EQ(code(run(Method::get, "/notes", {})), "rate_limited");
    address = "10.0.0.2";
    EXPECT_EQ(run(Method::get, "/notes").status, 200);
}

TEST_F(PipelineTest, bad_credentials_keep_nobody_out_who_shares_their_address)
{
    options.per_workspace = {};
    for (int i = 0; i < 10; ++i)
        run(Method::get, "/notes", {});

    EXPECT_EQ(run(Method::get, "/notes").status, 200) << "looked up, as no other one is";
    authenticator.known = true;
    EXPECT_EQ(run(Method::get, "/notes").status, 200);
}

TEST_F(PipelineTest, an_address_above_its_limit_has_one_look_up_at_a_time)
{
    options.per_workspace = {};
    for (int i = 0; i < 3; ++i)
        run(Method::get, "/notes", {});
    std::vector<std::string> codes;
    authenticator.meanwhile = [&] {
        Exchange other;
        other.request.method = Method::get;
        other.request.path = "/notes";
        other.request.remote_address = address;
        other.request.headers = {{"authorization", "Bearer good"}};
        for (auto const known : {false, true}) {
            authenticator.known = known;
            EXPECT_FALSE(pipeline->begin(other));
            asio::io_context inner;
            run_blocking(inner,
                [&]() -> Task<void> { codes.push_back(code(co_await pipeline->handle(other))); });
            other.caller.reset();
        }
    };

    run(Method::get, "/notes", {});

    EXPECT_EQ(codes, (std::vector<std::string>{"rate_limited", ""}));
    authenticator.known = false;
    EXPECT_EQ(run(Method::get, "/notes").status, 200) << "its turn ended";
}

TEST_F(PipelineTest, a_caller_above_its_own_limit_takes_nothing_from_the_others)
{
    options.per_caller = {.per_second = 1, .burst = 2};
    authenticator.key = KeyId::make(clock.now());
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(run(Method::get, "/notes").status, i < 2 ? 200 : 429) << i;
    EXPECT_EQ(exchange.rate->limit, 2);

    authenticator.key = KeyId::make(clock.now());
    EXPECT_EQ(run(Method::get, "/notes").status, 200);
    EXPECT_EQ(exchange.rate->remaining, 1);
    EXPECT_EQ(run(Method::get, "/notes").status, 200);
    authenticator.key = KeyId::make(clock.now());
    EXPECT_EQ(run(Method::get, "/notes").status, 200);
    EXPECT_EQ(exchange.rate->limit, 5) << "the workspace's is the tighter one now";
    EXPECT_EQ(exchange.rate->remaining, 0);
}

TEST_F(PipelineTest, any_page_may_ask_where_a_publishable_key_opens)
{
    Pairs const headers{
        {"origin", "https://shop.example"}, {"access-control-request-method", "GET"}};
    auto const preflight = [&](std::string path) {
        if (!pipeline)
            pipeline = std::make_unique<Pipeline>(router, authenticator, clock, metrics, options);
        exchange.reset();
        exchange.head.kind = Head::Kind::options;
        exchange.request.path = std::move(path);
        exchange.request.headers = headers;
        return *pipeline->begin(exchange);
    };

    auto const asked = preflight("/for_pages");
    EXPECT_EQ(header_of(asked, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
    EXPECT_NE(exchange.cors_lines.find("Access-Control-Allow-Origin: *"), std::string::npos);
    EXPECT_EQ(exchange.cors_lines.find("Credentials"), std::string::npos);
    EXPECT_EQ(header_of(preflight("/notes"), "Access-Control-Allow-Methods"), "");
    EXPECT_EQ(exchange.cors_lines, "");

    exchange.head.kind = {};
    EXPECT_EQ(run(Method::get, "/for_pages",
                  {{"authorization", "Bearer bad"}, {"origin", "https://shop.example"}})
                  .status,
        401);
    EXPECT_NE(exchange.cors_lines.find("Access-Control-Allow-Origin: *"), std::string::npos)
        << "a page may read why it was refused";
    run(Method::get, "/notes",
        {{"authorization", "Bearer good"}, {"origin", "https://shop.example"}});
    EXPECT_EQ(exchange.cors_lines, "");
}

TEST_F(PipelineTest, good_credentials_do_not_count_against_their_address)
{
    options.per_workspace = {};
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(run(Method::get, "/notes").status, 200);
}

TEST_F(PipelineTest, an_ipv6_subscriber_has_one_bucket)
{
    for (int i = 0; i < 3; ++i) {
        address = "2001:db8:0:1::" + std::to_string(i);
        EXPECT_EQ(code(run(Method::get, "/notes", {})), "unauthenticated");
    }
    address = "2001:db8:0:1::ffff";
    EXPECT_EQ(code(run(Method::get, "/notes", {})), "rate_limited");
    address = "2001:db8:0:2::1";
    EXPECT_EQ(code(run(Method::get, "/notes", {})), "unauthenticated");
}

TEST_F(PipelineTest, a_good_request_id_of_the_client_is_kept)
{
    auto const id_for = [&](std::string id) {
        run(Method::get, "/nowhere", {{"x-request-id", std::move(id)}});
        return exchange.request.request_id;
    };

    EXPECT_EQ(id_for("a.B_9-"), "a.B_9-");
    for (auto const& bad :
        {std::string{}, std::string{"a b"}, std::string{"a\"b"}, std::string(65, 'a')})
        EXPECT_TRUE(id_for(bad).starts_with("req_")) << bad;
    EXPECT_NE(id_for(""), id_for(""));
}

TEST_F(PipelineTest, requests_are_counted_by_route_and_status)
{
    run(Method::get, "/notes");
    run(Method::get, "/notes", {});
    run(Method::get, "/nowhere");

    auto const text = metrics.text();

    for (auto const line : {R"(hermod_net_requests_total{route="GET /notes",status="200"} 1)",
             R"(hermod_net_requests_total{route="GET /notes",status="401"} 1)",
             R"(hermod_net_requests_total{route="none",status="404"} 1)",
             R"(hermod_net_requests_in_flight 0)"})
        EXPECT_NE(text.find(line), std::string::npos) << line;
}

TEST(RateLimiterTest, gives_the_burst_then_the_rate)
{
    FakeClock clock;
    RateLimiter limiter{clock, 100};
    RateLimit const limit{.per_second = 0.5, .burst = 2};

    EXPECT_TRUE(limiter.take("a", limit).allowed);
    EXPECT_TRUE(limiter.take("a", limit).allowed);
    auto const verdict = limiter.take("a", limit);
    EXPECT_FALSE(verdict.allowed);
    EXPECT_EQ(verdict.retry_after_s, 2);
    EXPECT_EQ(verdict.reset_s, 4);
    clock.advance(milliseconds{1999});
    EXPECT_FALSE(limiter.look("a", limit).allowed);
    clock.advance(milliseconds{1});
    EXPECT_TRUE(limiter.look("a", limit).allowed);
    EXPECT_TRUE(limiter.take("a", limit).allowed);
    EXPECT_FALSE(limiter.take("a", limit).allowed);
}

TEST(RateLimiterTest, forgets_whom_it_heard_of_least_recently)
{
    FakeClock clock;
    RateLimiter limiter{clock, 1};
    RateLimit const limit{.per_second = 1, .burst = 1};
    EXPECT_TRUE(limiter.take("a", limit).allowed);
    EXPECT_FALSE(limiter.take("a", limit).allowed);

    for (int i = 0; i < 1000; ++i)
        limiter.take("b" + std::to_string(i), limit);

    EXPECT_TRUE(limiter.take("a", limit).allowed);
}

TEST_F(PipelineTest, a_persons_token_opens_what_is_for_people_alone)
{
    options.per_workspace = {};
    authenticator.kind = Caller::Kind::person;
    authenticator.scopes = {"notes:read"};

    EXPECT_EQ(run(Method::get, "/for_people").status, 200);
    EXPECT_EQ(code(run(Method::get, "/for_some")), "missing_scope");
    for (auto const* path : {"/notes", "/for_pages", "/open_to_team"})
        EXPECT_EQ(code(run(Method::get, path)), "forbidden") << path;
    authenticator.scopes = {"notes:special"};
    EXPECT_EQ(run(Method::get, "/for_some").status, 200);
    EXPECT_EQ(code(run(Method::get, "/for_people")), "missing_scope");
}

TEST_F(PipelineTest, a_publishable_key_opens_what_is_for_pages_alone)
{
    options.per_workspace = {};
    authenticator.kind = Caller::Kind::publishable;

    EXPECT_EQ(run(Method::get, "/for_pages").status, 200);
    for (auto const* path : {"/notes", "/for_people", "/open_to_team"})
        EXPECT_EQ(code(run(Method::get, path)), "forbidden") << path;
}

TEST_F(PipelineTest, a_used_stream_ticket_answers_with_nothing)
{
    deps.fail_with = std::make_exception_ptr(StreamEnded{});

    auto const reply = run(Method::get, "/notes");

    EXPECT_EQ(reply.status, 204);
    EXPECT_TRUE(reply.body.empty());
}

}
}
