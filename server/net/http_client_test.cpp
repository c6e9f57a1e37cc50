#include "net/http_client.hpp"
#include "net/request.hpp"
#include "net/scripted_peer_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <latch>

namespace hermod::net {

static std::string answer(std::string_view body, std::string_view head = "200 OK")
{
    return "HTTP/1.1 " + std::string{head} + "\r\nContent-Length: " + std::to_string(body.size())
        + "\r\nX-Seen: Yes\r\n\r\n" + std::string{body};
}

class HttpClientTest : public testing::Test {
protected:
    HttpOutcome run(HttpClient const& with, HttpRequest request)
    {
        std::optional<HttpOutcome> outcome;
        run_blocking(io, [&]() -> Task<void> { outcome = co_await with.request(request); });
        return *std::move(outcome);
    }
    HttpOutcome run(HttpRequest request) { return run(client, std::move(request)); }
    static HttpRequest post(std::string url, std::string body = "hello")
    {
        return {.method = "POST", .url = std::move(url), .body = std::move(body)};
    }
    static HttpFailure failure_of(HttpOutcome const& outcome)
    {
        EXPECT_FALSE(outcome.has_value());
        return outcome ? HttpFailure::invalid_request : outcome.error().failure;
    }

    asio::io_context io{1};
    AddressGuard guard{true};
    HttpClient client{guard};
};

TEST_F(HttpClientTest, sends_method_headers_and_body_and_reads_the_answer)
{
    std::string seen;
    ScriptedPeer peer{[&](PeerConnection& connection) {
        seen = connection.read_request();
        connection.write(answer("{\"ok\":true}", "201 Created"));
    }};
    auto request = post(peer.url("/hook?x=1"), "payload");
    request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};

    auto const outcome = run(request);

    ASSERT_TRUE(outcome.has_value()) << outcome.error().detail;
    EXPECT_EQ(outcome->status, 201);
    EXPECT_EQ(outcome->body, "{\"ok\":true}");
    EXPECT_EQ(outcome->header("x-seen"), "Yes");
    EXPECT_GT(outcome->timings.total.count(), 0);
    EXPECT_TRUE(seen.starts_with("POST /hook?x=1 HTTP/1.1\r\n")) << seen;
    EXPECT_NE(seen.find("Content-Type: application/json\r\n"), std::string::npos);
    EXPECT_NE(seen.find("X-Empty:\r\n"), std::string::npos);
    EXPECT_EQ(seen.find("Expect"), std::string::npos);
    EXPECT_TRUE(seen.ends_with("\r\n\r\npayload"));
}

TEST_F(HttpClientTest, keeps_connections_and_uses_them_again)
{
    ScriptedPeer peer{[](PeerConnection& connection) {
        for (;;) {
            connection.read_request();
            connection.write(answer("x"));
        }
    }};

    auto const first = run(post(peer.url()));
    auto const second = run(post(peer.url()));

    ASSERT_TRUE(first && second);
    EXPECT_FALSE(first->connection_was_reused);
    EXPECT_TRUE(second->connection_was_reused);
    EXPECT_EQ(peer.connections(), 1);
}

TEST_F(HttpClientTest, does_not_repeat_a_post_on_a_kept_connection_that_dies_under_it)
{
    std::atomic<int> requests = 0;
    ScriptedPeer peer{[&](PeerConnection& connection) {
        connection.read_request();
        ++requests;
        connection.write(answer("x"));
        connection.read_request();
        ++requests; // acted on, then the connection ends without an answer
    }};
    ASSERT_TRUE(run(post(peer.url())).has_value());

    auto const outcome = run(post(peer.url()));

    EXPECT_EQ(failure_of(outcome), HttpFailure::closed);
    EXPECT_TRUE(outcome.error().may_have_arrived);
    EXPECT_EQ(requests, 2);
}

TEST_F(HttpClientTest, repeats_what_may_be_repeated_when_a_kept_connection_dies)
{
    std::atomic<int> requests = 0;
    ScriptedPeer peer{[&](PeerConnection& connection) {
        connection.read_request();
        ++requests;
        connection.write(answer("x"));
        connection.read_request();
        ++requests;
    }};
    ASSERT_TRUE(run(post(peer.url())).has_value());

    auto repeatable = post(peer.url());
    repeatable.repeatable = true;
    auto const outcome = run(repeatable);

    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(requests, 3);
    EXPECT_EQ(peer.connections(), 2);
}

TEST_F(HttpClientTest, does_not_follow_redirects)
{
    ScriptedPeer peer{[](PeerConnection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                         "Content-Length: 0\r\n\r\n");
        connection.read_request();
    }};

    auto const outcome = run({.url = peer.url()});

    ASSERT_TRUE(outcome.has_value());
    EXPECT_EQ(outcome->status, 302);
    EXPECT_EQ(peer.connections(), 1);
}

TEST_F(HttpClientTest, an_answer_beyond_its_limit_is_refused_or_cut)
{
    ScriptedPeer peer{[](PeerConnection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\n\r\n"); // no length: until it closes
        for (std::string const chunk(65536, 'x');;)
            connection.write(chunk);
    }};
    HttpRequest request{.url = peer.url(), .max_response_bytes = 20'000};

    auto const refused = run(request);
    request.cut_response = true;
    auto const cut = run(request);

    EXPECT_EQ(failure_of(refused), HttpFailure::too_large);
    EXPECT_TRUE(refused.error().may_have_arrived);
    ASSERT_TRUE(cut.has_value()) << cut.error().detail;
    EXPECT_EQ(cut->status, 200);
    EXPECT_EQ(cut->body.size(), 20'000);
    EXPECT_TRUE(cut->body_was_cut);
}

TEST_F(HttpClientTest, endless_headers_are_refused)
{
    ScriptedPeer peer{[](PeerConnection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\n");
        for (;;)
            connection.write("X-More: " + std::string(1000, 'x') + "\r\n");
    }};

    EXPECT_EQ(failure_of(run({.url = peer.url()})), HttpFailure::too_large);
}

TEST_F(HttpClientTest, a_silent_peer_is_a_timeout_after_the_request_arrived)
{
    ScriptedPeer peer{[](PeerConnection& connection) { connection.wait_closed(); }};
    auto request = post(peer.url());
    request.total_timeout = std::chrono::milliseconds{50};

    auto const outcome = run(request);

    EXPECT_EQ(failure_of(outcome), HttpFailure::timeout);
    EXPECT_TRUE(outcome.error().may_have_arrived);
}

TEST_F(HttpClientTest, tells_how_an_answer_failed)
{
    struct Row {
        char const* answer;
        HttpFailure failure;
    };
    static constexpr Row rows[] = {
        {"", HttpFailure::closed},
        {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", HttpFailure::closed},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", HttpFailure::closed},
        {"this is not HTTP\r\n\r\n", HttpFailure::protocol},
        {"HTTP/1.1 100 Continue\r\n\r\n", HttpFailure::closed},
    };
    for (auto const& row : rows) {
        ScriptedPeer peer{[&](PeerConnection& connection) {
            connection.read_request();
            connection.write(row.answer);
        }};

        auto const outcome = run(post(peer.url()));

        EXPECT_EQ(failure_of(outcome), row.failure)
            << row.answer << ": " << (outcome ? "" : outcome.error().detail);
        EXPECT_TRUE(outcome.error().may_have_arrived) << row.answer;
    }
}

TEST_F(HttpClientTest, a_refused_connection_did_not_arrive)
{
    std::uint16_t free_port = 0;
    {
        ScriptedPeer const gone{[](PeerConnection&) { }};
        free_port = gone.port();
    }

    auto const outcome = run(post("http://127.0.0.1:" + std::to_string(free_port) + "/"));

    EXPECT_EQ(failure_of(outcome), HttpFailure::connect);
    EXPECT_FALSE(outcome.error().may_have_arrived);
}

TEST_F(HttpClientTest, a_name_that_does_not_exist_is_a_dns_failure)
{
    auto const outcome = run(post("http://name.invalid/"));

    EXPECT_EQ(failure_of(outcome), HttpFailure::dns);
    EXPECT_FALSE(outcome.error().may_have_arrived);
}

TEST_F(HttpClientTest, private_addresses_are_blocked_where_the_operator_did_not_open_them)
{
    ScriptedPeer peer{[](PeerConnection& connection) { connection.write(answer("secret")); }};
    AddressGuard const closed{false};
    HttpClient const strict{closed};

    auto const outcome = run(strict, {.url = peer.url()});

    EXPECT_EQ(failure_of(outcome), HttpFailure::blocked_address);
    EXPECT_EQ(peer.connections(), 0);
}

TEST_F(HttpClientTest, a_name_that_resolves_to_a_private_address_is_blocked)
{
    ScriptedPeer peer{[](PeerConnection& connection) { connection.write(answer("secret")); }};
    auto const port = std::to_string(peer.port());
    AddressGuard const closed{false};
    HttpClient const strict{closed, {.resolve = {"rebind.example:" + port + ":127.0.0.1"}}};

    auto const outcome = run(strict, {.url = "http://rebind.example:" + port + "/"});

    EXPECT_EQ(failure_of(outcome), HttpFailure::blocked_address);
    EXPECT_FALSE(outcome.error().may_have_arrived);
    EXPECT_EQ(peer.connections(), 0);
}

TEST_F(HttpClientTest, a_name_that_resolves_elsewhere_later_is_blocked)
{
    auto const script = [](PeerConnection& connection) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    };
    ScriptedPeer allowed{script, "127.0.0.2"};
    auto const port = std::to_string(allowed.port());
    auto const rule = "rebind.example:" + port + ":";
    AddressGuard const half{false, {{*IpAddress::parse("127.0.0.2"), 32}}};
    HttpClient const before{half, {.resolve = {rule + "127.0.0.2"}}};
    HttpClient const after{half, {.resolve = {rule + "127.0.0.3"}}};
    HttpRequest const request{.url = "http://rebind.example:" + port + "/"};

    EXPECT_TRUE(run(before, request).has_value());
    EXPECT_EQ(failure_of(run(after, request)), HttpFailure::blocked_address);
}

TEST_F(HttpClientTest, a_kept_connection_is_not_shared_with_a_stricter_guard)
{
    ScriptedPeer peer{[](PeerConnection& connection) {
        for (;;) {
            connection.read_request();
            connection.write(answer("secret"));
        }
    }};
    auto const port = std::to_string(peer.port());
    std::vector<std::string> const resolve{"rebind.example:" + port + ":127.0.0.1"};
    HttpRequest const request{.url = "http://rebind.example:" + port + "/"};
    AddressGuard const closed{false};
    HttpClient const lax{guard, {.resolve = resolve}};
    HttpClient const strict{closed, {.resolve = resolve}};
    ASSERT_TRUE(run(lax, request).has_value());

    EXPECT_EQ(failure_of(run(strict, request)), HttpFailure::blocked_address);
}

TEST_F(HttpClientTest, verifies_certificates)
{
    TestCertificate const certificate;
    ScriptedPeer peer{[&](PeerConnection& connection) {
        connection.start_tls(certificate);
        connection.read_request();
        connection.write(answer("over TLS"));
    }};
    auto const url = "https://127.0.0.1:" + std::to_string(peer.port()) + "/";
    HttpClient const trusting{guard, {.ca_file = certificate.ca_file()}};

    auto const refused = run({.url = url});
    auto const taken = run(trusting, {.url = url});

    EXPECT_EQ(failure_of(refused), HttpFailure::tls);
    EXPECT_FALSE(refused.error().may_have_arrived);
    ASSERT_TRUE(taken.has_value()) << taken.error().detail;
    EXPECT_EQ(taken->body, "over TLS");
}

TEST_F(HttpClientTest, headers_that_would_change_the_request_are_refused)
{
    for (auto const& header : Pairs{{"X-A", "a\r\nX-B: b"}, {"X-A\r\nX-B", "b"}, {"X A", "b"},
             {"", "b"}, {"Host", "x"}, {"content-length", "3"}, {"Transfer-Encoding", "chunked"},
             {"Connection", "close"}, {"X-A", std::string("a\0b", 3)}}) {
        auto request = post("http://127.0.0.1:9/");
        request.headers = {header};

        EXPECT_EQ(failure_of(run(request)), HttpFailure::invalid_request) << header.first;
    }
    EXPECT_EQ(failure_of(run({.method = "GET /\r\n", .url = "http://127.0.0.1:9/"})),
        HttpFailure::invalid_request);
    EXPECT_EQ(failure_of(run({.url = "file:///etc/passwd"})), HttpFailure::invalid_request);
}

TEST_F(HttpClientTest, runs_many_at_once_on_each_io_thread)
{
    ScriptedPeer peer{[](PeerConnection& connection) {
        for (;;) {
            auto const request = connection.read_request();
            connection.write(answer(request.substr(request.find("\r\n\r\n") + 4)));
        }
    }};
    IoThreads threads{2};
    threads.start();
    Tasks tasks;
    constexpr int count = 40;
    std::atomic<int> good = 0;
    std::latch done{count};
    for (int i = 0; i < count; ++i) {
        tasks.spawn(threads.at(static_cast<std::size_t>(i % 2)), "request", [&, i]() -> Task<void> {
            auto const outcome = co_await client.request(post(peer.url(), std::to_string(i)));
            good += outcome && outcome->body == std::to_string(i) ? 1 : 0;
            done.count_down();
        });
    }
    done.wait();
    tasks.stop();

    EXPECT_EQ(good, count);
}

TEST_F(HttpClientTest, cancelling_drops_what_is_under_way)
{
    std::latch arrived{1};
    ScriptedPeer peer{[&](PeerConnection& connection) {
        connection.read_request();
        arrived.count_down();
        connection.wait_closed();
    }};
    IoThreads threads{1};
    threads.start();
    Tasks tasks;
    bool aborted = false;
    tasks.spawn(threads.main(), "request", [&]() -> Task<void> {
        try {
            co_await client.request(post(peer.url()));
        } catch (boost::system::system_error const& error) {
            aborted = error.code() == asio::error::operation_aborted;
            throw;
        }
    });
    arrived.wait();

    tasks.stop();

    EXPECT_TRUE(aborted);
}

TEST_F(HttpClientTest, a_context_may_end_with_requests_under_way)
{
    std::latch arrived{1};
    ScriptedPeer peer{[&](PeerConnection& connection) {
        connection.read_request();
        arrived.count_down();
        connection.wait_closed();
    }};
    {
        asio::io_context mine{1};
        bool ended = false;
        try {
            run_blocking(mine, [&]() -> Task<void> {
                auto const executor = co_await asio::this_coro::executor;
                asio::co_spawn(
                    executor,
                    [](HttpClient const& of, HttpRequest request) -> Task<void> {
                        co_await of.request(std::move(request));
                    }(client, post(peer.url())),
                    asio::detached);
                while (!arrived.try_wait())
                    co_await asio::post(
                        executor, asio::use_awaitable_t<asio::io_context::executor_type>{});
            });
            ended = true;
        } catch (std::exception const& error) {
            FAIL() << error.what();
        }
        EXPECT_TRUE(ended);
    }
}

TEST(RetryAfterTest, reads_seconds_and_dates)
{
    auto const now = *parse_rfc3339("2026-11-06T08:49:37Z");
    using std::chrono::seconds;

    EXPECT_EQ(parse_retry_after("120", now), seconds{120});
    EXPECT_EQ(parse_retry_after(" 0 ", now), seconds{0});
    EXPECT_EQ(parse_retry_after("Fri, 06 Nov 2026 08:50:07 GMT", now), seconds{30});
    EXPECT_EQ(parse_retry_after("99999999999", now), seconds{86400});
    EXPECT_FALSE(parse_retry_after("Fri, 06 Nov 2020 08:50:07 GMT", now).has_value());
    EXPECT_FALSE(parse_retry_after("-5", now).has_value());
    EXPECT_FALSE(parse_retry_after("soon", now).has_value());
    EXPECT_FALSE(parse_retry_after("", now).has_value());
}

}
