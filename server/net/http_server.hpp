#pragma once

#include "base/metrics.hpp"
#include "net/http_head.hpp"
#include "net/rate_limiter.hpp"
#include "net/router.hpp"

#include <memory>
#include <optional>
#include <string>

namespace hermod::net {

class TlsIdentity;

/// One request on its way from the socket to its answer. A connection's next request uses the same
/// memory again.
struct Exchange {
    Request request;
    Head head;
    Route const* route = nullptr;
    std::optional<Caller> caller;
    std::size_t max_body = 0;
    Clock::Steady began;
    std::size_t sent_bytes = 0; ///< of the answer's body
    std::optional<RateVerdict> rate; ///< told with every answer to an authenticated request
    std::string_view cors_lines; ///< headers of every answer to a page of this origin
    std::string_view hsts_line; ///< a header of every answer over TLS

    void reset();
};

/// What answers the requests of a server. Everything runs on the connection's io thread; nothing
/// throws.
class HttpHandler {
public:
    virtual ~HttpHandler() = default;

    /// The head has been read: says how large a body it takes, or answers at once.
    virtual std::optional<Reply> begin(Exchange& exchange) = 0;
    /// Only where the body has yet to come: the answer to one that may not send it.
    virtual Task<std::optional<Reply>> before_body(Exchange& exchange) = 0;
    /// The whole request has been read.
    virtual Task<Reply> handle(Exchange& exchange) = 0;
    /// The answer to what is not a valid request; `exchange` holds what could be read of it.
    virtual Reply refuse(Exchange& exchange, Problem const& problem) = 0;
    /// Every answer passes here once, before it is written.
    virtual void end(Exchange& exchange, Reply const& reply) = 0;
    /// Instead of `end`, where the client left before its request could be answered.
    virtual void abandon(Exchange& exchange) = 0;
};

struct HttpOptions {
    std::string listen = "127.0.0.1:8080"; ///< `host:port`, `[::1]:port`; port 0: any free one
    TlsIdentity const* tls = nullptr; ///< none: plain HTTP
    HeadLimits head;
    std::size_t max_connections = 10'000;
    seconds head_time{10}; ///< from its first byte to its last; also for a TLS handshake
    seconds idle_time{75}; ///< between two requests
    seconds grace_time{10}; ///< for a body or an answer, besides what min_rate gives
    std::size_t min_rate = 4096; ///< bytes per second of a body or an answer
};

/// HTTP/1.1 on the io threads: a connection belongs to the thread that had the fewest when it came
/// and is one coroutine there. Requests of one connection are answered in order, one at a time;
/// answers to requests that came together leave together. HTTP/1.0 is answered and closed.
class HttpServer {
public:
    /// Binds at once; throws std::runtime_error with one line for the operator where it cannot.
    /// `handler` and `clock` must outlive the io threads' loops.
    HttpServer(IoThreads& threads, Clock& clock, Metrics& metrics, HttpHandler& handler,
        HttpOptions options);
    /// Ends what is left without waiting for it: `drain` first.
    ~HttpServer();
    HttpServer(HttpServer const&) = delete;
    HttpServer& operator=(HttpServer const&) = delete;

    void start();
    std::uint16_t port() const;
    std::size_t connections() const;

    /// Accepts no more, closes idle connections, lets running requests end with `Connection:
    /// close`; after `patience` cancels what still waits. False where something runs on even then.
    /// Blocks: call it from outside the io threads.
    bool drain(milliseconds patience);

private:
    class Acceptor;
    std::shared_ptr<Acceptor> acceptor_;
};

}
