#include "net/http_server_testing.hpp"
#include "net/operational.hpp"

namespace hermod::net {
namespace server_test {

static Task<Reply> page(Deps&, Caller const&, Request const& request)
{
    Reply reply{200, std::string{request.header("x-type")}, std::string(4096, 'a'), {}};
    if (request.header("x-own") == "yes")
        reply.headers = {{"Cache-Control", "private, max-age=60"},
            {"Content-Security-Policy", "default-src 'self'"},
            {"Cross-Origin-Resource-Policy", "cross-origin"}};
    co_return reply;
}

/// What the answers say besides what they hold.
class HttpPoliciesTest : public HttpServerTest {
protected:
    HttpPoliciesTest()
    {
        FeatureRoutes<Deps> routes{router, deps, "notes"};
        routes.get<Nothing>("/page", page).status(200);
        routes.post<Nothing, Nothing>("/page", page).status(200);
        add_operational_routes(router, operational);
        options.proxies = {{*Network::parse("127.0.0.0/8")}, ForwardedBy::x_forwarded_for};
        options.cors_origins = {"https://app.example.com", "*"};
        options.hsts = seconds{3600};
    }

    std::string ask(std::string const& request)
    {
        if (!started) {
            pipeline = std::make_unique<Pipeline>(router, authenticator, clock, metrics, options);
            start();
        }
        auto client = connect();
        client.send(request);
        return client.answer();
    }
    std::string get(std::string const& path, std::string const& headers = {})
    {
        return ask("GET " + path + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n"
            + headers + "\r\n");
    }

    PipelineOptions options{.per_address = {}, .per_caller = {}, .per_workspace = {}};
    Operational operational{.metrics = metrics, .router = router, .check_ready = {}};
};

INSTANTIATE_TEST_SUITE_P(, HttpPoliciesTest, testing::Values(Wire::plain, Wire::tls),
    [](auto const& wire) { return std::string{wire.param == Wire::tls ? "tls" : "plain"}; });

static bool has(std::string const& answer, std::string_view line)
{
    return answer.find(std::string{line} + "\r\n") != std::string::npos;
}

TEST_P(HttpPoliciesTest, every_answer_is_kept_by_no_one_and_framed_by_no_one)
{
    for (auto const& answer : {get("/hello/x"), get("/nowhere"), get("/page"), get("/healthz"),
             ask("nonsense\r\n\r\n"), ask("GET /notes HTTP/1.1\r\nHost: h\r\n\r\n"),
             ask("GET /page HTTP/1.1\r\nHost: h\r\n\r\n"),
             ask("OPTIONS /page HTTP/1.1\r\nHost: h\r\n\r\n")})
        for (auto const line : {"Cache-Control: no-store", "X-Content-Type-Options: nosniff",
                 "Referrer-Policy: no-referrer", "Cross-Origin-Resource-Policy: same-origin",
                 "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'"})
            EXPECT_TRUE(has(answer, line)) << line << "\n" << answer;
}

TEST_P(HttpPoliciesTest, an_answer_that_says_it_itself_is_not_contradicted)
{
    auto const answer = get("/page", "X-Own: yes\r\n");

    EXPECT_EQ(count(answer, "Cache-Control:"), 1);
    EXPECT_EQ(count(answer, "Content-Security-Policy:"), 1);
    EXPECT_EQ(count(answer, "Cross-Origin-Resource-Policy:"), 1);
    EXPECT_TRUE(has(answer, "Cache-Control: private, max-age=60"));
    auto const docs = get("/docs");
    EXPECT_EQ(count(docs, "Content-Security-Policy:"), 1);
    EXPECT_EQ(count(docs, "frame-ancestors 'none'"), 1);
}

TEST_P(HttpPoliciesTest, tls_alone_is_demanded_over_tls_alone)
{
    static constexpr std::string_view line = "Strict-Transport-Security: max-age=3600";
    EXPECT_EQ(has(get("/hello/x"), line), over_tls());
    EXPECT_EQ(has(get("/nowhere"), line), over_tls());
    EXPECT_EQ(has(ask("nonsense\r\n\r\n"), line), over_tls());
    EXPECT_TRUE(has(get("/hello/x", "X-Forwarded-Proto: https\r\n"), line));
    EXPECT_FALSE(has(get("/hello/x", "X-Forwarded-Proto: http\r\n"), line));
}

TEST_P(HttpPoliciesTest, a_page_of_a_listed_origin_reads_good_and_bad_answers)
{
    auto const from = "Origin: https://app.example.com\r\n"s;
    for (auto const& answer : {get("/hello/x", from), get("/nowhere", from),
             ask("GET /page HTTP/1.1\r\nHost: h\r\n" + from + "\r\n")}) {
        EXPECT_TRUE(has(answer, "Access-Control-Allow-Origin: https://app.example.com")) << answer;
        EXPECT_TRUE(has(answer, "Access-Control-Allow-Credentials: true"));
        EXPECT_TRUE(has(answer, "Vary: Origin"));
    }
    auto const other = get("/hello/x", "Origin: https://shop.example\r\n");
    EXPECT_TRUE(has(other, "Access-Control-Allow-Origin: *"));
    EXPECT_EQ(other.find("Allow-Credentials"), std::string::npos);
    EXPECT_EQ(get("/metrics", from).find("Access-Control"), std::string::npos);
    EXPECT_EQ(count(get("/openapi.json", from), "Access-Control-Allow-Origin"), 1);
}

TEST_P(HttpPoliciesTest, a_preflight_is_told_what_may_be_sent)
{
    auto const preflight = [&](std::string const& origin, std::string const& path) {
        return ask("OPTIONS " + path + " HTTP/1.1\r\nHost: h\r\nOrigin: " + origin
            + "\r\nAccess-Control-Request-Method: POST\r\n"
              "Access-Control-Request-Headers: authorization,content-type\r\n\r\n");
    };
    options.cors_origins = {"https://app.example.com"};

    auto const answer = preflight("https://app.example.com", "/notes");

    EXPECT_EQ(status_of(answer), 204);
    EXPECT_TRUE(has(answer, "Access-Control-Allow-Origin: https://app.example.com"));
    EXPECT_TRUE(has(answer, "Access-Control-Allow-Methods: POST, OPTIONS")) << answer;
    EXPECT_NE(answer.find("Access-Control-Allow-Headers: Authorization, Content-Type,"),
        std::string::npos);
    EXPECT_TRUE(has(answer, "Access-Control-Max-Age: 7200"));
    EXPECT_TRUE(has(answer, "Vary: Access-Control-Request-Method, Access-Control-Request-Headers"));
    auto const stranger = preflight("https://evil.example", "/notes");
    EXPECT_EQ(stranger.find("Access-Control"), std::string::npos) << stranger;
    EXPECT_TRUE(has(stranger, "Vary: Origin"));
    EXPECT_EQ(status_of(preflight("https://app.example.com", "/nowhere")), 404);
    EXPECT_EQ(deps.calls, 0);
}

TEST_P(HttpPoliciesTest, only_what_tells_an_onlooker_nothing_is_compressed)
{
    auto const json = "X-Type: application/json\r\n"s;
    auto const asks = "Accept-Encoding: gzip\r\n"s;
    auto const compressed = get("/page", json + asks);
    auto const is_gzip = [](std::string const& answer) {
        return has(answer, "Content-Encoding: gzip");
    };

    EXPECT_TRUE(is_gzip(compressed));
    EXPECT_TRUE(has(compressed, "Vary: Accept-Encoding"));
    EXPECT_LT(compressed.size(), 2000u);
    EXPECT_TRUE(has(get("/page", json), "Vary: Accept-Encoding"));
    for (auto const& plain :
        {get("/page", json), get("/page", json + "Accept-Encoding: gzip;q=0\r\n"),
            get("/page", json + asks + "Cookie: hermod=x\r\n"),
            get("/page", "X-Type: image/png\r\n" + asks), get("/hello/x", asks),
            ask("POST /page HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n" + json + asks
                + "\r\n")})
        EXPECT_FALSE(is_gzip(plain)) << plain;
    EXPECT_TRUE(is_gzip(get("/page", "X-Type: application/json; charset=utf-8\r\n" + asks)));
}

TEST_P(HttpPoliciesTest, strangers_behind_one_proxy_have_limits_of_their_own)
{
    options.per_address = {.per_second = 0.001, .burst = 3};
    auto const hello = [&](std::string const& list) {
        return status_of(
            ask("GET /hello/x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: " + list + "\r\n\r\n"));
    };
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(hello("192.0.2." + std::to_string(i) + ", 203.0.113.9"), 200);

    EXPECT_EQ(hello("192.0.2.77, 203.0.113.9"), 429);
    EXPECT_EQ(hello("203.0.113.10"), 200);
}

}
}
