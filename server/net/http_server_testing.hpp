#pragma once

// What the tests of the server share.

#include "base/task.hpp"
#include "net/pipeline.hpp"
#include "net/scripted_peer_test.hpp"
#include "net/tls.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>

namespace hermod::net {
namespace server_test {

using namespace std::string_literals;

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

inline Task<Reply> echo(Deps& deps, Caller const&, Request const& request)
{
    ++deps.calls;
    co_return created(request.body_as<Note>());
}

inline Task<Reply> hello(Deps& deps, Caller const&, Request const& request)
{
    ++deps.calls;
    co_return ok(Note{{request.path_value("name")}});
}

inline Task<Reply> big(Deps&, Caller const&, Request const&)
{
    co_return Reply{200, "text/plain", std::string(8 << 20, 'x'), {}};
}

inline Task<Reply> wait(Deps& deps, Caller const&, Request const&)
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

/// A client that speaks bytes; through TLS where it is given whom to trust.
class Client {
public:
    explicit Client(std::uint16_t port, std::string const& ca_file = {})
        : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(
            ::connect(socket_, reinterpret_cast<sockaddr const*>(&address), sizeof address), 0);
        set_timeout(10'000);
        if (!ca_file.empty())
            start_tls(ca_file);
    }
    ~Client()
    {
        tls_.reset();
        ::close(socket_);
    }
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
            auto const n = tls_
                ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0)
                return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    void finish_sending() const
    {
        if (tls_)
            SSL_shutdown(tls_.get());
        else
            ::shutdown(socket_, SHUT_WR);
    }

    /// More bytes into `seen`; false at the end, or where none come.
    bool receive()
    {
        char buffer[65536];
        if (tls_) {
            auto const n = SSL_read(tls_.get(), buffer, sizeof buffer);
            if (n > 0)
                seen.append(buffer, static_cast<std::size_t>(n));
            auto const error = SSL_get_error(tls_.get(), n);
            closed_cleanly = error == SSL_ERROR_ZERO_RETURN;
            ended = n <= 0 && error != SSL_ERROR_WANT_READ;
            ERR_clear_error();
            return n > 0;
        }
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

    int descriptor() const { return socket_; }

    std::string seen;
    bool ended = false;
    bool closed_cleanly = false; ///< of TLS: the server said that it ends
    bool handshake_failed = false;

private:
    void start_tls(std::string const& ca_file)
    {
        std::unique_ptr<SSL_CTX, EndTls> const context{SSL_CTX_new(TLS_client_method())};
        SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
        tls_.reset(SSL_new(context.get()));
        SSL_set1_host(tls_.get(), "localhost");
        SSL_set_tlsext_host_name(tls_.get(), "localhost");
        SSL_set_fd(tls_.get(), socket_);
        handshake_failed = SSL_connect(tls_.get()) != 1;
        ERR_clear_error();
    }

    int socket_;
    TlsSession tls_;
};

enum class Wire { plain, tls };

/// Every test of the server runs over both.
class HttpServerTest : public testing::TestWithParam<Wire> {
protected:
    HttpServerTest()
    {
        std::signal(SIGPIPE, SIG_IGN);
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
        if (over_tls())
            identity = std::make_unique<TlsIdentity>(
                TlsIdentity::Files{certificate().ca_file(), certificate().key_file()}, clock,
                metrics);
        options.tls = identity.get();
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

    static bool over_tls() { return GetParam() == Wire::tls; }
    static TestCertificate const& certificate()
    {
        static TestCertificate const made;
        return made;
    }
    std::string trusted() const { return identity ? certificate().ca_file() : std::string{}; }

    Client connect() const { return Client{server->port(), trusted()}; }

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
    std::unique_ptr<TlsIdentity> identity;
    std::unique_ptr<HttpServer> server;
    bool started = false;
};

inline std::string post(std::string_view path, std::string_view body, std::string_view more = {})
{
    return "POST " + std::string{path} + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer good\r\n"
        + std::string{more} + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n"
        + std::string{body};
}

inline auto const good = post("/notes", R"({"text":"hi"})");
inline std::string const close_line = "Connection: close\r\n"s;

inline int status_of(std::string_view answer)
{
    return answer.size() < 12 ? 0 : std::stoi(std::string{answer.substr(9, 3)});
}

inline int count(std::string_view text, std::string_view what)
{
    int n = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
        ++n;
    return n;
}

}
}
