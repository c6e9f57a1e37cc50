#include "base/task.hpp"
#include "net/pipeline.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>

using namespace std::string_literals;
using namespace std::string_view_literals;

namespace hermod::net {
namespace server_test {

struct Note {
    Text<1, 2000> text;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text))

struct Deps {
    Clock& clock;
    asio::io_context& io;
    std::atomic<int> calls = 0;
    std::atomic<int> waiting = 0;
    Wakeup released{io, clock};
};

static Task<Reply> echo(Deps& deps, Caller const&, Request const& request)
{
    ++deps.calls;
    co_return created(request.body_as<Note>());
}

static Task<Reply> hello(Deps& deps, Caller const&, Request const& request)
{
    ++deps.calls;
    co_return ok(Note{{request.path_value("name")}});
}

static Task<Reply> big(Deps&, Caller const&, Request const&)
{
    co_return Reply{200, "text/plain", std::string(8 << 20, 'x'), {}};
}

static Task<Reply> wait(Deps& deps, Caller const&, Request const&)
{
    ++deps.waiting;
    co_await deps.released.wait();
    --deps.waiting;
    co_return ok(Note{{"released"}});
}

struct Trusting final : Authenticator {
    Task<std::expected<Caller, Problem>> authenticate(
        Request const& request, Route const& route) override
    {
        Caller caller;
        if (route.auth == Auth::none)
            co_return caller;
        if (request.header("authorization") != "Bearer good")
            co_return std::unexpected(Problem{Errc::unauthenticated});
        caller.kind = Caller::Kind::session;
        caller.role = Role::owner;
        co_return caller;
    }
};

/// A client that speaks bytes.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(
            ::connect(socket_, reinterpret_cast<sockaddr const*>(&address), sizeof address), 0);
        set_timeout(10'000);
    }
    ~Client() { ::close(socket_); }
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    void set_timeout(int ms) const
    {
        timeval const time{ms / 1000, (ms % 1000) * 1000};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    }

    bool send(std::string_view bytes) const
    {
        while (!bytes.empty()) {
            auto const n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0)
                return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    void finish_sending() const { ::shutdown(socket_, SHUT_WR); }

    /// More bytes into `seen`; false at the end, or where none come.
    bool receive()
    {
        char buffer[65536];
        auto const n = ::recv(socket_, buffer, sizeof buffer, 0);
        if (n > 0)
            seen.append(buffer, static_cast<std::size_t>(n));
        ended = n == 0 || (n < 0 && errno == ECONNRESET);
        return n > 0;
    }

    /// One whole answer; empty where the connection ended.
    std::string answer()
    {
        for (;;) {
            auto const head = seen.find("\r\n\r\n");
            if (head != std::string::npos) {
                auto const at = seen.find("Content-Length: ");
                auto const body = at < head ? std::stoul(seen.substr(at + 16)) : std::size_t{0};
                if (seen.size() >= head + 4 + body) {
                    auto const whole = seen.substr(0, head + 4 + body);
                    seen.erase(0, whole.size());
                    return whole;
                }
            }
            if (!receive())
                return {};
        }
    }

    std::string everything()
    {
        while (receive()) { }
        return std::exchange(seen, {});
    }

    std::string seen;
    bool ended = false;

private:
    int socket_;
};

class HttpServerTest : public testing::Test {
protected:
    HttpServerTest()
    {
        FeatureRoutes<Deps> routes{router, deps, "notes"};
        routes.post<Note, Note>("/notes", echo).status(201).max_body(4096);
        routes.post<Note, Note>("/open", echo).status(201).open().max_body(4096);
        routes.get<Note>("/hello/{name}", hello).open();
        routes.get<Note>("/big", big).open();
        routes.get<Note>("/wait", wait).open();
        pipeline = std::make_unique<Pipeline>(router, authenticator, clock, metrics,
            PipelineOptions{.per_address = {}, .per_caller = {}});
    }

    void start(HttpOptions options = {})
    {
        options.listen = "127.0.0.1:0";
        server = std::make_unique<HttpServer>(threads, clock, metrics, *pipeline, options);
        server->start();
        threads.start();
        started = true;
    }

    ~HttpServerTest() override
    {
        if (started)
            EXPECT_TRUE(server->drain(seconds{5}));
        threads.stop();
    }

    Client connect() const { return Client{server->port()}; }

    std::string exchange(std::string_view bytes) const
    {
        auto client = connect();
        client.send(bytes);
        return client.everything();
    }

    /// Moves the clock until the client hears something; the server may not have read yet what
    /// the client sent.
    template <class F>
    bool advance_until(milliseconds step, F condition)
    {
        for (int i = 0; i < 500; ++i) {
            if (condition())
                return true;
            clock.advance(step);
        }
        return false;
    }

    FakeClock clock;
    Metrics metrics;
    IoThreads threads{2};
    Router router;
    Deps deps{.clock = clock, .io = threads.main()};
    Trusting authenticator;
    std::unique_ptr<Pipeline> pipeline;
    std::unique_ptr<HttpServer> server;
    bool started = false;
};

static std::string post(std::string_view path, std::string_view body, std::string_view more = {})
{
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n"
        + std::string{more} + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n"
        + std::string{body};
}

static auto const good = post("/notes", R"({"text":"hi"})");
static auto const close_line = "Connection: close\r\n"s;

static int status_of(std::string_view answer)
{
    return answer.size() < 12 ? 0 : std::stoi(std::string{answer.substr(9, 3)});
}

static int count(std::string_view text, std::string_view what)
{
    int n = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
        ++n;
    return n;
}

TEST_F(HttpServerTest, a_post_is_answered_with_every_standard_header)
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

TEST_F(HttpServerTest, a_connection_serves_one_request_after_another)
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

TEST_F(HttpServerTest, pipelined_requests_are_answered_in_order)
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

TEST_F(HttpServerTest, an_answer_does_not_wait_for_the_next_pipelined_request)
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

TEST_F(HttpServerTest, a_request_may_come_byte_by_byte)
{
    start();
    auto client = connect();

    for (auto const c : good)
        client.send({&c, 1});

    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_F(HttpServerTest, a_chunked_body_is_put_together)
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

TEST_F(HttpServerTest, head_gets_the_head_alone_and_options_the_methods)
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

TEST_F(HttpServerTest, a_client_that_asks_first_is_told_to_go_on_or_refused)
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

TEST_F(HttpServerTest, http_1_0_is_answered_and_closed)
{
    start();

    auto const answer = exchange("GET /hello/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");

    EXPECT_EQ(status_of(answer), 200);
    EXPECT_NE(answer.find(close_line), std::string::npos);
}

TEST_F(HttpServerTest, a_client_that_closed_its_side_still_gets_its_answers)
{
    start();
    auto client = connect();

    client.send(good + good);
    client.finish_sending();

    EXPECT_EQ(count(client.everything(), "201 Created"), 2);
}

TEST_F(HttpServerTest, what_two_readers_could_read_differently_is_refused_and_closed)
{
    start();
    auto const table = {
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
        "POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: magic\r\n\r\n"s,
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
    for (auto const& bytes : table) {
        auto const answer = exchange(bytes + good);
        EXPECT_EQ(status_of(answer), 400) << bytes << "\n" << answer;
        EXPECT_EQ(count(answer, "HTTP/1.1 "), 1) << bytes << "\n" << answer;
        EXPECT_NE(answer.find(close_line), std::string::npos) << bytes;
        EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << bytes;
    }
    EXPECT_EQ(deps.calls, 0);
}

TEST_F(HttpServerTest, what_is_odd_but_clear_is_taken)
{
    start();
    auto const table = {
        "\r\nGET /hello/x HTTP/1.1\r\nHost: h\r\n\r\n"s,
        "GET /hello/x HTTP/1.1\r\nHOST:h\r\nX-Empty:\r\n\r\n"s,
        "GET /hello/x HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"s,
        "GET /hello/%78?a=1&b HTTP/1.1\r\nHost: h\r\n\r\n"s,
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

TEST_F(HttpServerTest, methods_that_no_route_has_are_refused)
{
    start();
    for (auto const method : {"CONNECT h:80", "TRACE /hello/x", "FETCH /hello/x", "get /hello/x"}) {
        auto const answer = exchange(method + " HTTP/1.1\r\nHost: h\r\n\r\n"s + good);
        EXPECT_EQ(status_of(answer), 405) << answer;
        EXPECT_EQ(count(answer, "HTTP/1.1 "), 1) << answer;
    }
}

TEST_F(HttpServerTest, heads_that_are_too_large_are_refused)
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

TEST_F(HttpServerTest, bodies_that_are_too_large_are_refused_before_they_are_read)
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

TEST_F(HttpServerTest, an_early_answer_keeps_the_connection_where_the_body_is_already_here)
{
    start();
    auto client = connect();

    client.send(post("/nowhere", "some body") + good);

    EXPECT_EQ(status_of(client.answer()), 404);
    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_F(HttpServerTest, a_body_of_a_stranger_is_not_waited_for)
{
    start();

    auto const answer =
        exchange("POST /notes HTTP/1.1\r\nHost: h\r\nContent-Length: 4000\r\n\r\n{\"text\":\"");

    EXPECT_EQ(status_of(answer), 401);
    EXPECT_NE(answer.find(close_line), std::string::npos);
}

TEST_F(HttpServerTest, a_head_that_takes_too_long_is_answered_408)
{
    start();
    auto client = connect();
    client.set_timeout(20);

    client.send("GET /hello/x HTTP/1.1\r\nHo");

    EXPECT_TRUE(advance_until(seconds{1}, [&] { return client.receive(); }));
    EXPECT_EQ(status_of(client.seen), 408);
    EXPECT_TRUE(advance_until(seconds{1}, [&] { return !client.receive() && client.ended; }));
}

TEST_F(HttpServerTest, a_head_that_trickles_gains_no_time)
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

TEST_F(HttpServerTest, a_body_below_the_least_rate_is_answered_408)
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

TEST_F(HttpServerTest, an_idle_connection_is_closed_in_the_end)
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

TEST_F(HttpServerTest, a_client_that_does_not_read_is_dropped)
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

TEST_F(HttpServerTest, a_large_answer_arrives_whole)
{
    start();
    auto client = connect();

    client.send("GET /big HTTP/1.1\r\nHost: h\r\n\r\n" + good);

    EXPECT_GT(client.answer().size(), 8u << 20);
    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_F(HttpServerTest, connections_above_the_limit_are_turned_away)
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

    EXPECT_EQ(status_of(third.everything()), 503);
}

TEST_F(HttpServerTest, connections_are_spread_over_the_threads)
{
    start();
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<Client>(server->port()));
        clients.back()->send(good);
        EXPECT_EQ(status_of(clients.back()->answer()), 201);
    }
    EXPECT_EQ(server->connections(), 20);
}

TEST_F(HttpServerTest, a_drain_ends_idle_connections_and_lets_requests_finish)
{
    start();
    auto idle = connect();
    idle.send(good);
    EXPECT_EQ(status_of(idle.answer()), 201);
    auto busy = connect();
    busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    while (deps.waiting == 0)
        std::this_thread::yield();

    std::thread drainer{[&] { EXPECT_TRUE(server->drain(seconds{10})); }};
    EXPECT_EQ(idle.everything(), "");
    deps.released.wake();
    auto const answer = busy.everything();
    drainer.join();

    EXPECT_EQ(status_of(answer), 200);
    EXPECT_NE(answer.find(close_line), std::string::npos);
}

TEST_F(HttpServerTest, a_drain_cancels_what_waits_too_long)
{
    start();
    auto busy = connect();
    busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    while (deps.waiting == 0)
        std::this_thread::yield();

    EXPECT_TRUE(server->drain(milliseconds{1}));

    EXPECT_EQ(server->connections(), 0);
}

TEST_F(HttpServerTest, a_drain_under_load_loses_no_answer)
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

TEST_F(HttpServerTest, a_taken_port_is_one_clear_sentence)
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

TEST_F(HttpServerTest, what_is_no_address_to_listen_on_is_refused)
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
