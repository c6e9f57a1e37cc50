#include "net/http_server_testing.hpp"

#include <thread>

namespace hermod::net {
namespace server_test {

INSTANTIATE_TEST_SUITE_P(, HttpServerTest, testing::Values(Wire::plain, Wire::tls),
    [](auto const& wire) { return std::string{wire.param == Wire::tls ? "tls" : "plain"}; });

TEST_P(HttpServerTest, a_post_is_answered_with_every_standard_header)
{
    start();
    auto client = connect();

    client.send(good);
    auto const answer = client.answer();

    EXPECT_EQ(status_of(answer), 201);
    EXPECT_TRUE(answer.ends_with("\r\n\r\n{\"text\":\"hi\"}"));
    for (auto const header : {"Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n", "X-Request-Id: req_",
             "X-Content-Type-Options: nosniff\r\n", "Cache-Control: no-store\r\n",
             "Content-Type: application/json\r\n", "Content-Length: 13\r\n",
             "RateLimit-Limit: 5000\r\nRateLimit-Remaining: 4999\r\nRateLimit-Reset: 1\r\n"})
        EXPECT_NE(answer.find(header), std::string::npos) << header << answer;
}

TEST_P(HttpServerTest, a_connection_serves_one_request_after_another)
{
    start();
    auto client = connect();

    for (int i = 0; i < 20; ++i) {
        client.send(good);
        EXPECT_EQ(status_of(client.answer()), 201);
    }

    EXPECT_EQ(deps.calls, 20);
    EXPECT_EQ(server->connections(), 1);
}

TEST_P(HttpServerTest, pipelined_requests_are_answered_in_order)
{
    start();
    auto client = connect();
    std::string all;
    for (int i = 0; i < 200; ++i)
        all += "GET /hello/n" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";

    client.send(all);

    for (int i = 0; i < 200; ++i)
        EXPECT_TRUE(client.answer().ends_with("\"n" + std::to_string(i) + "\"}"));
}

TEST_P(HttpServerTest, an_answer_does_not_wait_for_the_next_pipelined_request)
{
    start();
    auto client = connect();

    client.send("GET /hello/a HTTP/1.1\r\nHost: h\r\n\r\nGET /wait HTTP/1.1\r\nHost: h\r\n\r\n"
                "GET /hello/b HTTP/1.1\r\nHost: h\r\n\r\n");

    EXPECT_TRUE(client.answer().ends_with("{\"text\":\"a\"}"));
    deps.released.wake();
    EXPECT_TRUE(client.answer().ends_with("{\"text\":\"released\"}"));
    EXPECT_TRUE(client.answer().ends_with("{\"text\":\"b\"}"));
}

TEST_P(HttpServerTest, a_request_may_come_byte_by_byte)
{
    start();
    auto client = connect();

    for (auto const c : good)
        client.send({&c, 1});

    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_P(HttpServerTest, a_chunked_body_is_put_together)
{
    start();
    auto client = connect();

    client.send("POST /open HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5;a=b\r\n{\"tex\r\n00008\r\nt\":\"hi\"}\r\n0\r\nX-Trailer: 1\r\n\r\n");
    auto const answer = client.answer();
    client.send(good);

    EXPECT_TRUE(answer.ends_with("{\"text\":\"hi\"}"));
    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_P(HttpServerTest, head_gets_the_head_alone_and_options_the_methods)
{
    start();
    auto client = connect();

    client.send(
        "HEAD /hello/x HTTP/1.1\r\nHost: h\r\n\r\nOPTIONS /notes HTTP/1.1\r\nHost: h\r\n\r\n");
    while (count(client.seen, "\r\n\r\n") < 2 && client.receive()) { }

    EXPECT_EQ(count(client.seen, "HTTP/1.1 200 OK"), 1);
    EXPECT_EQ(count(client.seen, "Content-Length: 12\r\n\r\nHTTP/1.1 204 No Content"), 1);
    EXPECT_EQ(count(client.seen, "Allow: POST, OPTIONS"), 1);
}

TEST_P(HttpServerTest, a_client_that_asks_first_is_told_to_go_on_or_refused)
{
    start();
    auto client = connect();
    auto const body = R"({"text":"hi"})"s;
    auto const head = "POST /notes HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                      "Content-Length: 13\r\nAuthorization: Bearer "s;

    client.send(head + "good\r\n\r\n");
    EXPECT_EQ(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(body);
    EXPECT_EQ(status_of(client.answer()), 201);
    client.send(head + "bad\r\n\r\n");
    auto const refused = client.everything();

    EXPECT_EQ(status_of(refused), 401);
    EXPECT_NE(refused.find(close_line), std::string::npos);
    EXPECT_NE(refused.find("WWW-Authenticate: Bearer\r\n"), std::string::npos);
}

TEST_P(HttpServerTest, http_1_0_is_answered_and_closed)
{
    start();

    auto const answer = exchange("GET /hello/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

    EXPECT_EQ(status_of(answer), 200);
    EXPECT_NE(answer.find(close_line), std::string::npos);
}

TEST_P(HttpServerTest, a_client_that_closed_its_side_still_gets_its_answers)
{
    start();
    auto client = connect();

    client.send(good + good);
    client.finish_sending();

    EXPECT_EQ(count(client.everything(), "201 Created"), 2);
}

TEST_P(HttpServerTest, a_large_answer_arrives_whole)
{
    start();
    auto client = connect();

    client.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n" + good);

    EXPECT_GT(client.answer().size(), 8u << 20);
    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_P(HttpServerTest, connections_are_spread_over_the_threads)
{
    start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<Client>(server->port(), trusted()));
        clients.back()->send(good);
        EXPECT_EQ(status_of(clients.back()->answer()), 201);
    }
    EXPECT_EQ(server->connections(), 20);
}

TEST_P(HttpServerTest, a_drain_ends_idle_connections_and_lets_requests_finish)
{
    start();
    auto idle = connect();
    idle.send(good);
    EXPECT_EQ(status_of(idle.answer()), 201);
    auto idle_too = connect(); // on the other thread
    idle_too.send(good);
    EXPECT_EQ(status_of(idle_too.answer()), 201);
    auto busy = connect();
    busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    while (deps.waiting == 0)
        std::this_thread::yield();

    std::thread drainer{[&] { EXPECT_TRUE(server->drain(seconds{10})); }};
    EXPECT_EQ(idle.everything(), "");
    EXPECT_EQ(idle_too.everything(), "");
    deps.released.wake();
    auto const answer = busy.everything();
    drainer.join();

    EXPECT_EQ(status_of(answer), 200);
    EXPECT_NE(answer.find(close_line), std::string::npos);
}

TEST_P(HttpServerTest, a_drain_cancels_what_waits_too_long)
{
    start();
    auto busy = connect();
    busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    while (deps.waiting == 0)
        std::this_thread::yield();

    EXPECT_TRUE(server->drain(milliseconds{1}));

    EXPECT_EQ(server->connections(), 0);
}

TEST_P(HttpServerTest, a_drain_under_load_loses_no_answer)
{
    start();
    std::atomic<int> sent = 0;
    std::atomic<int> answered = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 8; ++i)
        clients.emplace_back([&] {
            auto client = connect();
            while (client.send(good)) {
                ++sent;
                if (client.answer().empty())
                    break;
                ++answered;
            }
        });
    while (answered < 500)
        std::this_thread::yield();

    EXPECT_TRUE(server->drain(seconds{10}));
    for (auto& client : clients)
        client.join();

    EXPECT_EQ(deps.calls, answered);
    EXPECT_GE(sent, answered);
}

TEST_P(HttpServerTest, a_taken_port_is_one_clear_sentence)
{
    start();
    HttpOptions options;
    options.listen = "127.0.0.1:" + std::to_string(server->port());

    try {
        HttpServer const second{threads, clock, metrics, *pipeline, options};
        FAIL();
    } catch (std::runtime_error const& e) {
        EXPECT_EQ(e.what(), "cannot listen on " + options.listen + ": Address already in use");
    }
}

TEST_P(HttpServerTest, what_is_no_address_to_listen_on_is_refused)
{
    for (auto const listen : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999",
             "example.org:80", "127.0.0.1:80x"}) {
        HttpOptions options;
        options.listen = listen;
        EXPECT_THROW((HttpServer{threads, clock, metrics, *pipeline, options}), std::runtime_error)
            << listen;
    }
}

}
}
