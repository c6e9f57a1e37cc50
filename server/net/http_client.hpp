#pragma once

#include "base/reflect.hpp"
#include "base/task.hpp"
#include "net/address_guard.hpp"

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermod::net {

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    /// Content-Length, Transfer-Encoding, Host and Connection are ours.
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    std::chrono::milliseconds connect_timeout{10'000};
    std::chrono::milliseconds total_timeout{30'000};
    std::size_t max_response_bytes = 1 << 20;
    /// A longer body ends the request: with what came so far (`cut`), or as too_large.
    bool cut_response = false;
    /// The receiver does no harm by getting it twice, so a kept-alive connection that turns out to
    /// be closed is tried again. GET, HEAD, PUT and DELETE always are.
    bool repeatable = false;
};

struct HttpTimings {
    std::chrono::microseconds dns{}, connect{}, tls{}, first_byte{}, total{};
};

struct HttpResponse {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers; ///< names in lower case
    std::string body;
    bool body_was_cut = false;
    bool connection_was_reused = false;
    HttpTimings timings;

    std::string_view header(std::string_view name) const; ///< empty where there is none
};

enum class HttpFailure {
    invalid_request, ///< a bug or bad input of ours: method, header or URL
    blocked_address, ///< the guard said no
    dns,
    connect,
    tls,
    timeout,
    too_large,
    closed, ///< the connection ended before the answer did
    protocol, ///< what came is not HTTP
};
BOOST_DESCRIBE_ENUM(HttpFailure, invalid_request, blocked_address, dns, connect, tls, timeout,
    too_large, closed, protocol)

struct HttpError {
    HttpFailure failure = HttpFailure::protocol;
    /// The request may have reached the peer. False is certain: it did not.
    bool may_have_arrived = false;
    std::string detail; ///< for people; holds no address that a user could not know
};

using HttpOutcome = std::expected<HttpResponse, HttpError>;

struct HttpClientOptions {
    std::string ca_file{}; ///< PEM; empty: the system's
    /// `host:port:address[,address]`: answers of the resolver, for tests.
    std::vector<std::string> resolve{};
};

/// Requests to addresses that users name, over HTTP/1.1 and, where offered over TLS, HTTP/2.
/// Connections are kept and shared per io thread. No proxy, no redirects, no cookies, no
/// decompression, http and https only; every connection's address is asked of the guard.
class HttpClient {
public:
    explicit HttpClient(AddressGuard const& guard, HttpClientOptions options = {});

    /// Call from a coroutine of any io thread; it goes on there. Never throws for what the network
    /// does; cancellation throws operation_aborted and drops the request.
    Task<HttpOutcome> request(HttpRequest request) const;

    AddressGuard const& guard() const { return guard_; }

private:
    AddressGuard const& guard_;
    HttpClientOptions options_;
};

/// Seconds or HTTP date of a Retry-After header; nothing where it is neither or in the past.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, Timestamp now);

}
