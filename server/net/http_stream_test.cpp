#include "net/http_server_testing.hpp"

#include <thread>

namespace hermod::net {
namespace server_test {

struct StreamDeps {
    asio::io_context& io;
    Clock& clock;
    std::atomic<std::size_t> received = 0;
    std::atomic<std::size_t> written = 0;
    std::atomic<bool> gone = false;
    std::optional<IdempotencyUse> idempotency{};
    Wakeup go_on{io, clock};
};

/// Counts what comes, and says how much it was.
static Task<Reply> take(StreamDeps& deps, Caller const& caller, Request const& request)
{
    std::size_t size = 0;
    for (;;) {
        auto const piece = co_await request.stream->read();
        if (piece.empty())
            break;
        size += piece.size();
        deps.received += piece.size();
    }
    deps.idempotency = caller.idempotency;
    co_return ok(Note{{std::to_string(size)}});
}

/// Reads nothing until it is told to.
static Task<Reply> take_slowly(StreamDeps& deps, Caller const& caller, Request const& request)
{
    co_await deps.go_on.wait();
    co_return co_await take(deps, caller, request);
}

static Task<Reply> refuse(StreamDeps&, Caller const&, Request const&)
{
    throw Problem{Errc::limit_reached};
    co_return Reply{};
}

static Reply streamed(std::move_only_function<Task<void>(BodyWriter&)> stream,
    std::optional<std::uint64_t> length = {})
{
    Reply reply{200, "text/plain", {}, {}};
    reply.stream = std::move(stream);
    reply.length = length;
    return reply;
}

static Task<Reply> give(StreamDeps&, Caller const&, Request const& request)
{
    auto const known = request.header("x-known") == "yes";
    co_return streamed(
        [](BodyWriter& out) -> Task<void> {
            co_await out.write("one ");
            co_await out.write("");
            co_await out.write("two");
        },
        known ? std::optional<std::uint64_t>{7} : std::nullopt);
}

/// 64 MB, or as much as the client takes.
static Task<Reply> give_much(StreamDeps& deps, Caller const&, Request const&)
{
    co_return streamed([&deps](BodyWriter& out) -> Task<void> {
        std::string const piece(64 * 1024, 'x');
        for (int i = 0; i < 1024; ++i) {
            if (!co_await out.write(piece)) {
                deps.gone = true;
                co_return;
            }
            deps.written += piece.size();
        }
    });
}

static Task<Reply> break_off(StreamDeps&, Caller const&, Request const& request)
{
    auto const how = std::string{request.header("x-how")};
    co_return streamed(
        [how](BodyWriter& out) -> Task<void> {
            co_await out.write("some");
            if (how == "throw")
                throw std::runtime_error("the disk went away");
            if (how == "more")
                co_await out.write("thing that is too long");
        },
        how == "throw" ? std::nullopt : std::optional<std::uint64_t>{10});
}

/// One event, then another when it is told to.
static Task<Reply> events(StreamDeps& deps, Caller const&, Request const&)
{
    co_return streamed([&deps](BodyWriter& out) -> Task<void> {
        while (co_await out.write("data: x\n\n"))
            co_await deps.go_on.wait();
        deps.gone = true;
    });
}

class HttpStreamTest : public HttpServerTest {
protected:
    HttpStreamTest()
    {
        FeatureRoutes<StreamDeps> routes{router, stream, "notes"};
        routes.post<Nothing, Note>("/take", take)
            .takes_stream("application/octet-stream", max)
            .open();
        routes.post<Nothing, Note>("/mine", take).takes_stream("application/octet-stream", max);
        routes.post<Nothing, Note>("/slowly", take_slowly)
            .takes_stream("application/octet-stream", max)
            .open();
        routes.post<Nothing, Note>("/refuse", refuse)
            .takes_stream("application/octet-stream", max)
            .open()
            .fails_with({Errc::limit_reached});
        routes.get<Nothing>("/give", give).gives("text/plain").status(200).open();
        routes.get<Nothing>("/much", give_much).gives("text/plain").status(200).open();
        routes.get<Nothing>("/break", break_off).gives("text/plain").status(200).open();
        routes.get<Nothing>("/events", events).gives("text/plain").status(200).open();
        pipeline = std::make_unique<Pipeline>(router, authenticator, clock, metrics,
            PipelineOptions{.per_address = {}, .per_caller = {}});
    }

    static std::string upload(std::string_view path, std::size_t size, std::string_view more = {})
    {
        return "POST " + std::string{path} + " HTTP/1.1\r\nHost: h\r\n" + std::string{more}
        + "Content-Length: " + std::to_string(size) + "\r\n\r\n";
    }

    /// A request of someone else, which is how long the server is given to do the rest.
    void probe()
    {
        auto client = connect();
        client.send(good);
        EXPECT_EQ(status_of(client.answer()), 201);
    }

    static constexpr std::size_t max = 64 << 20;
    StreamDeps stream{threads.main(), clock};
};

INSTANTIATE_TEST_SUITE_P(, HttpStreamTest, testing::Values(Wire::plain, Wire::tls),
    [](auto const& wire) { return std::string{wire.param == Wire::tls ? "tls" : "plain"}; });

TEST_P(HttpStreamTest, a_body_is_taken_piece_by_piece)
{
    start();
    auto client = connect();
    std::string const piece(1 << 20, 'a');

    client.send(upload("/take", 20 * piece.size()));
    for (int i = 0; i < 20; ++i)
        client.send(piece);
    EXPECT_TRUE(client.answer().ends_with("{\"text\":\"20971520\"}"));
    client.send("POST /take HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                "5\r\nhello\r\n3;x=y\r\nyou\r\n0\r\n\r\n"
        + upload("/take", 0) + upload("/take", 2) + "hi" + good);
    EXPECT_TRUE(client.answer().ends_with("{\"text\":\"8\"}"));
    EXPECT_TRUE(client.answer().ends_with("{\"text\":\"0\"}"));
    EXPECT_TRUE(client.answer().ends_with("{\"text\":\"2\"}"));
    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_P(HttpStreamTest, a_slow_taker_slows_the_client_down)
{
    start();
    auto client = connect();
    client.send(upload("/slowly", max));
    std::atomic<std::size_t> sent = 0;
    std::thread sender{[&] {
        std::string const piece(1 << 20, 'a');
        while (sent < max && client.send(piece))
            sent += piece.size();
    }};
    for (int i = 0; i < 200; ++i)
        probe();
    EXPECT_LT(sent, 32u << 20);
    EXPECT_EQ(stream.received, 0u);

    clock.advance(seconds{3600}); // how long the handler takes is not the client's doing
    stream.go_on.wake();
    sender.join();
    EXPECT_TRUE(client.answer().ends_with("{\"text\":\"67108864\"}"));
}

TEST_P(HttpStreamTest, bodies_that_are_wrong_are_refused)
{
    start();
    auto const chunked = "POST /take HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"s;
    std::pair<std::string, int> const table[] = {
        {upload("/take", max + 1), 413},
        {chunked + "5000000\r\n", 413},
        {chunked + "5\r\nhelloX", 400},
        {chunked + "zz\r\n", 400},
        {upload("/mine", 10, "Authorization: Bearer bad\r\n"), 401},
        {upload("/refuse", 10), 422},
    };
    for (auto const& [bytes, status] : table) {
        auto const answer = exchange(bytes);
        EXPECT_EQ(status_of(answer), status) << bytes << answer;
        EXPECT_NE(answer.find(close_line), std::string::npos) << bytes;
    }
}

TEST_P(HttpStreamTest, a_refused_body_that_is_here_does_not_end_the_connection)
{
    start();
    auto client = connect();

    client.send(upload("/refuse", 5) + "hello" + good);

    EXPECT_EQ(status_of(client.answer()), 422);
    EXPECT_EQ(status_of(client.answer()), 201);
}

TEST_P(HttpStreamTest, a_stream_is_invited_once_it_is_read)
{
    start();
    auto client = connect();
    auto const asks = "Expect: 100-continue\r\n"s;
    client.send(upload("/take", 5, asks));
    EXPECT_EQ(client.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    EXPECT_EQ(status_of(client.answer()), 200);

    auto const refused = exchange(upload("/refuse", 5, asks));
    EXPECT_EQ(status_of(refused), 422);
    EXPECT_EQ(count(refused, "HTTP/1.1 "), 1);
    EXPECT_EQ(status_of(exchange(upload("/mine", 5, asks))), 401);
}

TEST_P(HttpStreamTest, a_stream_below_the_least_rate_is_answered_408)
{
    start();
    auto client = connect();
    client.set_timeout(20);
    client.send(upload("/take", max) + std::string(100, 'a'));

    EXPECT_TRUE(advance_until(seconds{1}, [&] {
        client.send("a");
        return client.receive();
    }));
    EXPECT_EQ(status_of(client.seen), 408);
}

TEST_P(HttpStreamTest, a_client_that_leaves_amid_its_stream_leaves_nothing_behind)
{
    start();
    {
        auto client = connect();
        client.send(upload("/take", max) + std::string(1000, 'a'));
        while (stream.received < 1000)
            std::this_thread::yield();
    }
    EXPECT_TRUE(server->drain(seconds{5}));
    EXPECT_NE(metrics.text().find("hermod_net_requests_in_flight 0"), std::string::npos);
}

TEST_P(HttpStreamTest, an_idempotency_key_covers_the_whole_stream)
{
    start();
    auto client = connect();
    auto const head = "Authorization: Bearer good\r\nIdempotency-Key: k\r\n"s;

    client.send(upload("/mine", 200'000, head));
    client.send(std::string(200'000, 'a'));

    EXPECT_EQ(status_of(client.answer()), 200);
    ASSERT_TRUE(stream.idempotency);
    EXPECT_EQ(stream.idempotency->body_hash, sha256(std::string(200'000, 'a')));
}

TEST_P(HttpStreamTest, an_answer_is_made_piece_by_piece)
{
    start();
    auto client = connect();

    client.send("GET /give HTTP/1.1\r\nHost: h\r\nX-Known: yes\r\n\r\n");
    auto const known = client.answer();
    client.send("GET /give HTTP/1.1\r\nHost: h\r\n\r\n");
    while (client.seen.find("\r\n0\r\n\r\n") == std::string::npos && client.receive()) { }
    auto const chunked = std::exchange(client.seen, {});
    client.send("HEAD /give HTTP/1.1\r\nHost: h\r\nX-Known: yes\r\n\r\n"
                "HEAD /give HTTP/1.1\r\nHost: h\r\n\r\n"
        + good);
    while (client.seen.find("{\"text\":\"hi\"}") == std::string::npos && client.receive()) { }
    auto const heads = std::exchange(client.seen, {});
    auto const old = exchange("GET /give HTTP/1.0\r\n\r\n");

    EXPECT_NE(known.find("Content-Length: 7\r\n"), std::string::npos) << known;
    EXPECT_TRUE(known.ends_with("\r\n\r\none two")) << known;
    EXPECT_NE(chunked.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
    EXPECT_EQ(chunked.find("Content-Length"), std::string::npos);
    EXPECT_TRUE(chunked.ends_with("\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n")) << chunked;
    EXPECT_EQ(count(heads, "HTTP/1.1 200"), 2) << heads;
    EXPECT_EQ(heads.find("one two"), std::string::npos);
    EXPECT_NE(old.find(close_line), std::string::npos);
    EXPECT_EQ(old.find("chunked"), std::string::npos);
    EXPECT_TRUE(old.ends_with("\r\n\r\none two")) << old;
}

TEST_P(HttpStreamTest, a_slow_reader_slows_the_maker_down_and_is_dropped_in_the_end)
{
    start();
    auto client = connect();
    client.send("GET /much HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.receive());

    EXPECT_TRUE(advance_until(seconds{10}, [&] {
        probe();
        return stream.gone.load();
    }));
    EXPECT_LT(stream.written, 32u << 20);
}

TEST_P(HttpStreamTest, a_large_stream_arrives_whole)
{
    start();
    auto client = connect();
    client.send("GET /much HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");

    auto const all = client.everything();

    EXPECT_GT(all.size(), 64u << 20);
    EXPECT_TRUE(all.ends_with("\r\n0\r\n\r\n"));
}

TEST_P(HttpStreamTest, an_answer_that_breaks_off_cannot_be_taken_for_whole)
{
    start();
    for (auto const how : {"throw", "less", "more"}) {
        auto const answer =
            exchange("GET /break HTTP/1.1\r\nHost: h\r\nX-How: "s + how + "\r\n\r\n" + good);
        EXPECT_EQ(status_of(answer), 200) << answer;
        EXPECT_EQ(count(answer, "HTTP/1.1 "), 1) << answer;
        EXPECT_FALSE(answer.ends_with("0\r\n\r\n")) << answer;
        EXPECT_EQ(answer.find("thing"), std::string::npos) << answer;
    }
}

TEST_P(HttpStreamTest, events_come_as_they_happen_until_the_client_leaves)
{
    start();
    {
        auto client = connect();
        client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
        for (int events = 1; events <= 3; ++events) {
            while (count(client.seen, "data: x\n\n") < events && client.receive()) { }
            EXPECT_EQ(count(client.seen, "data: x\n\n"), events);
            stream.go_on.wake();
        }
    }
    while (!stream.gone) {
        stream.go_on.wake();
        std::this_thread::yield();
    }
}

TEST_P(HttpStreamTest, a_drain_cancels_a_stream_that_has_no_end)
{
    start();
    auto client = connect();
    client.send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(client.receive());

    EXPECT_TRUE(server->drain(milliseconds{1}));
    EXPECT_EQ(server->connections(), 0);
}

}
}
