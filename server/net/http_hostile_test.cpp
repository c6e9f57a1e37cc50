#include "net/http_server_testing.hpp"

#include <thread>

namespace hermod::net {
namespace server_test {

/// Requests that two readers could read differently, each followed by nothing.
static std::vector<std::string> const ambiguous{
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nhello"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\x0b"
    "chunked\r\n\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"s,
    "POST /open HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\nhello"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\n X: a\r\n\r\n"s,
    "POST /open HTTP/1.1\r\n Host: h\r\n\r\n"s,
    "POST /open HTTP/1.1\nHost: h\n\n"s,
    "POST /open HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nX\0Y: a\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nno colon\r\n\r\n"s,
    "POST /open HTTP/1.1\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h, g\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: user@h\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost:\r\n\r\n"s,
    "POST http://h/open HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET hello HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET * HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/%zz HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/%00 HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/%ff HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/x?a=%ff HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/x?a=% HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/x#y HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/\x80 HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET  /hello/x HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/x  HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "GET /hello/x HTTP/1.1 \r\nHost: h\r\n\r\n"s,
    "GET /hello/x HTTP/2.0\r\nHost: h\r\n\r\n"s,
    "GET /hello/x HTTP/1.2\r\nHost: h\r\n\r\n"s,
    "GET /hello/x\r\nHost: h\r\n\r\n"s,
    "G(T /hello/x HTTP/1.1\r\nHost: h\r\n\r\n"s,
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n 5\r\nhello\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n"s,
    "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a\nb\r\nhello\r\n0\r\n\r\n"s,
};

TEST_P(HttpServerTest, what_two_readers_could_read_differently_is_refused_and_closed)
{
    start();
    for (auto const& bytes : ambiguous) {
        auto const answer = exchange(bytes + good);
        EXPECT_EQ(status_of(answer), 400) << bytes << "\n" << answer;
        EXPECT_EQ(count(answer, "HTTP/1.1 "), 1) << bytes << "\n" << answer;
        EXPECT_NE(answer.find(close_line), std::string::npos) << bytes;
        EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << bytes;
    }
    EXPECT_EQ(deps.calls, 0);
}

TEST_P(HttpServerTest, what_is_odd_but_clear_is_taken)
{
    start();
    auto const table = {
        "\r\nGET /hello/x HTTP/1.1\r\nHost: h\r\n\r\n"s,
        "GET /hello/x HTTP/1.1\r\nHOST:h\r\nX-Empty:\r\n\r\n"s,
        "GET /hello/x HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"s,
        "GET /hello/%78? HTTP/1.1\r\nHost: h\r\n\r\n"s,
        "GET /%68ello/x HTTP/1.1\r\nHost: h\r\n\r\n"s,
        "GET /hello/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"s,
        "GET /hello/x HTTP/1.1\r\nHost: h\r\nX: \xc3\xa9\xff\r\n\r\n"s,
    };
    for (auto const& bytes : table) {
        auto client = connect();
        client.send(bytes);
        auto const answer = client.answer();
        EXPECT_TRUE(answer.ends_with("{\"text\":\"x\"}")) << bytes << answer;
    }
}

TEST_P(HttpServerTest, methods_that_no_route_has_are_refused)
{
    start();
    for (auto const method : {"CONNECT h:80", "TRACE /hello/x", "FETCH /hello/x", "get /hello/x"}) {
        auto const answer = exchange(method + " HTTP/1.1\r\nHost: h\r\n\r\n"s + good);
        EXPECT_EQ(status_of(answer), 405) << answer;
        EXPECT_EQ(count(answer, "HTTP/1.1 "), 1) << answer;
    }
}

TEST_P(HttpServerTest, expectations_that_are_not_met_are_refused)
{
    start();
    for (auto const expectation : {"magic", "100-continue, magic", "200-ok", ""}) {
        auto const answer =
            exchange("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: "s
                + expectation + "\r\n\r\nhello" + good);
        EXPECT_EQ(status_of(answer), 417) << expectation;
        EXPECT_NE(answer.find("\"code\":\"expectation_failed\""), std::string::npos);
        EXPECT_EQ(count(answer, "HTTP/1.1 "), 1) << answer;
    }
    EXPECT_EQ(deps.calls, 0);
}

// What can be told from the head alone is told before the body is invited.
TEST_P(HttpServerTest, a_body_in_vain_is_not_invited)
{
    start();
    auto const rest = "Host: h\r\nExpect: 100-continue\r\n"s;
    std::pair<std::string, int> const table[] = {
        {"POST /notes HTTP/1.1\r\n" + rest + "Content-Length: 13\r\n", 401},
        {"POST /notes HTTP/1.1\r\n" + rest + "Content-Length: 9999\r\n", 413},
        {"POST /notes HTTP/1.1\r\nAuthorization: Bearer good\r\n" + rest
                + "Content-Length: 13\r\nContent-Type: text/plain\r\n",
            415},
        {"POST /notes?x=1 HTTP/1.1\r\nAuthorization: Bearer good\r\n" + rest
                + "Transfer-Encoding: chunked\r\n",
            400},
        {"POST /nowhere HTTP/1.1\r\n" + rest + "Content-Length: 13\r\n", 404},
        {"PUT /notes HTTP/1.1\r\n" + rest + "Content-Length: 13\r\n", 405},
    };
    for (auto const& [head, status] : table) {
        auto const answer = exchange(head + "\r\n");
        EXPECT_EQ(status_of(answer), status) << head << answer;
        EXPECT_EQ(count(answer, "HTTP/1.1 "), 1) << answer;
        EXPECT_NE(answer.find(close_line), std::string::npos) << answer;
    }
}

TEST_P(HttpServerTest, ten_thousand_header_bytes_are_read_whole)
{
    start();
    auto client = connect();
    client.send("GET /hello/x HTTP/1.1\r\nHost: h\r\nX: " + std::string(10'000, 'a') + "\r\n\r\n");

    EXPECT_EQ(status_of(client.answer()), 200);
}

// Without a length a body may only come in chunks; else it is taken for the next request.
TEST_P(HttpServerTest, a_hundred_megabytes_without_a_length_are_cut_off)
{
    start();
    auto const flood = [&](std::string_view head, std::string_view piece) {
        auto client = connect();
        client.send(head);
        std::size_t sent = 0;
        while (sent < 100'000'000 && client.send(piece))
            sent += piece.size();
        EXPECT_LT(sent, 20'000'000u);
    };
    flood("POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        "400\r\n" + std::string(1024, 'a') + "\r\n");
    flood("POST /open HTTP/1.1\r\nHost: h\r\n\r\n", std::string(16'384, 'a'));
    flood("POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
        "1;" + std::string(4096, 'e') + "\r\na\r\n");

    EXPECT_EQ(deps.calls, 0);
}

TEST_P(HttpServerTest, heads_that_are_too_large_are_refused)
{
    start();
    auto const long_header = "GET /hello/x HTTP/1.1\r\nHost: h\r\nX: " + std::string(17'000, 'a');
    std::string many = "GET /hello/x HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 101; ++i)
        many += "X" + std::to_string(i) + ": a\r\n";

    EXPECT_EQ(status_of(exchange(long_header)), 431);
    EXPECT_EQ(status_of(exchange(long_header + "\r\n\r\n")), 431);
    EXPECT_EQ(status_of(exchange(many + "\r\n")), 431);
    EXPECT_EQ(
        status_of(exchange("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n")),
        414);
}

TEST_P(HttpServerTest, bodies_that_are_too_large_are_refused_before_they_are_read)
{
    start();
    auto const chunked = "POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"s;

    auto const declared =
        exchange("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 4097\r\n\r\n");
    auto const one_chunk = exchange(chunked + "1001\r\n");
    auto const many_chunks = exchange(chunked + "fff\r\n" + std::string(4095, 'a') + "\r\n2\r\n");

    EXPECT_EQ(status_of(declared), 413);
    EXPECT_EQ(status_of(one_chunk), 413);
    EXPECT_EQ(status_of(many_chunks), 413);
}

TEST_P(HttpServerTest, an_early_answer_keeps_the_connection_where_the_body_is_already_here)
{
    start();
    auto client = connect();

    client.send(post("/nowhere", "some body") + good);

    EXPECT_EQ(status_of(client.answer()), 404);
    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_P(HttpServerTest, a_body_of_a_stranger_is_not_waited_for)
{
    start();

    auto const answer =
        exchange("POST /notes HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n{\"text\":\"");

    EXPECT_EQ(status_of(answer), 401);
    EXPECT_NE(answer.find(close_line), std::string::npos);
}

TEST_P(HttpServerTest, a_head_that_takes_too_long_is_answered_408)
{
    start();
    auto client = connect();
    client.set_timeout(20);

    client.send("GET /hello/x HTTP/1.1\r\nHo");

    EXPECT_TRUE(advance_until(seconds{1}, [&] { return client.receive(); }));
    EXPECT_EQ(status_of(client.seen), 408);
    EXPECT_TRUE(advance_until(seconds{1}, [&] { return !client.receive() && client.ended; }));
}

TEST_P(HttpServerTest, a_head_that_trickles_gains_no_time)
{
    start();
    auto client = connect();
    client.set_timeout(20);
    client.send("GET /hello/x HTTP/1.1\r\nHost: h\r\n");
    auto const before = clock.now();

    EXPECT_TRUE(advance_until(seconds{1}, [&] {
        client.send("X: a\r\n");
        return client.receive();
    }));

    EXPECT_EQ(status_of(client.seen), 408);
    EXPECT_LE(clock.now() - before, seconds{40});
}

TEST_P(HttpServerTest, a_body_below_the_least_rate_is_answered_408)
{
    start();
    auto client = connect();
    client.set_timeout(20);

    client.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n{");

    EXPECT_TRUE(advance_until(seconds{1}, [&] {
        client.send(" ");
        return client.receive();
    }));
    EXPECT_EQ(status_of(client.seen), 408);
}

TEST_P(HttpServerTest, an_idle_connection_is_closed_in_the_end)
{
    start();
    auto client = connect();
    client.send(good);
    EXPECT_EQ(status_of(client.answer()), 201);
    client.set_timeout(20);
    auto const before = clock.now();

    EXPECT_TRUE(advance_until(seconds{5}, [&] { return !client.receive() && client.ended; }));

    EXPECT_GE(clock.now() - before, seconds{75});
    EXPECT_EQ(client.seen, "");
}

TEST_P(HttpServerTest, a_client_that_does_not_read_is_dropped)
{
    start();
    auto client = connect();
    client.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.receive());

    EXPECT_TRUE(advance_until(seconds{60}, [&] {
        auto probe = connect();
        probe.send(good);
        EXPECT_EQ(status_of(probe.answer()), 201);
        return server->connections() == 1;
    }));
}

TEST_P(HttpServerTest, a_client_that_leaves_amid_its_body_leaves_nothing_behind)
{
    start();
    {
        auto client = connect();
        client.send("POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n"
                    "Expect: 100-continue\r\n\r\n");
        EXPECT_EQ(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
        EXPECT_NE(metrics.text().find("hermod_net_requests_in_flight 1"), std::string::npos);
    }
    EXPECT_TRUE(server->drain(seconds{5}));

    EXPECT_NE(metrics.text().find("hermod_net_requests_in_flight 0"), std::string::npos);
    EXPECT_NE(metrics.text().find("hermod_net_connections 0"), std::string::npos);
}

TEST_P(HttpServerTest, connections_above_the_limit_are_turned_away)
{
    HttpOptions options;
    options.max_connections = 2;
    start(options);
    auto first = connect();
    auto second = connect();
    first.send(good);
    second.send(good);
    EXPECT_EQ(status_of(first.answer()), 201);
    EXPECT_EQ(status_of(second.answer()), 201);

    auto third = connect();

    if (over_tls())
        EXPECT_TRUE(third.handshake_failed);
    else
        EXPECT_EQ(status_of(third.everything()), 503);
}

}
}
