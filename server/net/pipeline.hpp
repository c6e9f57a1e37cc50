#pragma once

#include "net/cors.hpp"
#include "net/forwarded.hpp"
#include "net/http_server.hpp"
#include "net/turns.hpp"

#include <atomic>
#include <bitset>
#include <expected>
#include <mutex>

namespace hermod::net {

/// Finds out who is asking.
class Authenticator {
public:
    virtual ~Authenticator() = default;
    /// The caller, or why there is none. Asked for routes that need one; an open route's is
    /// anonymous. Does not throw for bad credentials, which come in floods.
    virtual Task<std::expected<Caller, Problem>> authenticate(
        Request const& request, Route const& route) = 0;
    /// Whether the credentials are known to be good, without asking a database: answered also
    /// where an address has brought too many bad ones.
    virtual bool knows(Request const&) const { return false; }
};

struct PipelineOptions {
    /// Of one address: requests to open routes, and requests whose credentials are refused. Above
    /// it credentials that are not known are looked up one at a time.
    RateLimit per_address{.per_second = 5, .burst = 100};
    RateLimit per_caller{};
    RateLimit per_workspace{.per_second = 1'000, .burst = 5'000};
    std::size_t max_rate_keys = 100'000;
    seconds remember_idempotent{24 * 3600}; ///< how long an Idempotency-Key is good for
    TrustedProxies proxies{};
    std::vector<std::string> cors_origins{};
    seconds hsts{0}; ///< for how long browsers are told to use TLS alone; 0: they are not
    bool compress = true;
    bool access_log = false; ///< a line at info for each request
};

std::string_view wire_name(Method method); ///< `DELETE`

/// A bit for each error code.
using ErrcSet = std::bitset<256>;

/// Codes that any route may give because of what the pipeline itself refuses.
std::vector<Errc> common_failures(Route const& route);
/// What the route may answer: those, what it declares, and 404 for the ids in its path.
ErrcSet possible_failures(Route const& route);

/// For a line of the log; empty where none is known.
std::string workspace_of(Exchange const& exchange);

/// Between the server and the routes: what happens to every request, in this order (app/pipeline
/// tells why). All routes must be there before it is made.
class Pipeline final : public HttpHandler {
public:
    Pipeline(Router const& router, Authenticator& authenticator, Clock& clock, Metrics& metrics,
        PipelineOptions options);
    ~Pipeline() override;

    std::optional<Reply> begin(Exchange& exchange) override;
    Task<std::optional<Reply>> before_body(Exchange& exchange) override;
    Task<Reply> handle(Exchange& exchange) override;
    Reply refuse(Exchange& exchange, Problem const& problem) override;
    void end(Exchange& exchange, Reply const& reply) override;
    void abandon(Exchange& exchange) override;

    /// Failures whose code the route does not declare: a bug in the route, logged as an error.
    std::size_t undeclared_failures() const { return undeclared_; }

private:
    class RouteMetrics;

    void set_policies(Exchange& exchange) const;
    std::optional<Problem> limit_open(Exchange& exchange);
    Task<std::expected<Caller, Problem>> authenticate(Exchange& exchange);
    Task<std::optional<Problem>> admit(Exchange& exchange);
    std::optional<Problem> limit_workspace(Exchange& exchange);
    std::optional<Problem> check_head(Exchange& exchange);
    std::optional<Problem> prepare(Exchange& exchange);
    Task<void> compress(Exchange const& exchange, Reply& reply) const;
    void log_access(Exchange const& exchange, int status, microseconds took) const;
    Reply options_reply(Exchange& exchange) const;
    Reply failure(Exchange& exchange, Problem const& problem);
    Reply failure_of_current_exception(Exchange& exchange);
    RouteMetrics& metrics_of(Exchange const& exchange);

    Router const& router_;
    Authenticator& authenticator_;
    Clock& clock_;
    PipelineOptions const options_;
    Cors const cors_;
    std::string const hsts_line_;
    RateLimiter by_address_;
    RateLimiter by_caller_;
    RateLimiter by_workspace_;
    Turns look_ups_; ///< of addresses above their limit
    Gauge in_flight_;
    Counter undeclared_counter_;
    std::atomic<std::size_t> undeclared_{0};
    std::vector<std::unique_ptr<RouteMetrics>> by_route_; ///< the last one: no route
    std::vector<ErrcSet> possible_;
};

}
