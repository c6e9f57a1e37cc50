#pragma once

#include "base/metric_info.hpp"

#include <array>

/// The metrics of net/; docs and the code name them from here.
namespace hermod::net::metric {

using Described = MetricInfo;

inline constexpr Described requests{"hermod_net_requests_total", "counter", "route, status",
    "Requests answered, by route and status; route `none` where the path is not one of ours"};
inline constexpr Described request_seconds{"hermod_net_request_seconds", "histogram", "route",
    "Time from a request's last header to its answer"};
inline constexpr Described in_flight{
    "hermod_net_requests_in_flight", "gauge", "", "Requests that are being read or answered"};
inline constexpr Described undeclared{"hermod_net_undeclared_failures_total", "counter", "",
    "Failures with a code that the route does not declare: each is a bug"};
inline constexpr Described connections{
    "hermod_net_connections", "gauge", "", "Open connections of clients"};
inline constexpr Described connections_refused{"hermod_net_connections_refused_total", "counter",
    "", "Connections closed at once because there were too many"};
inline constexpr Described handshakes_failed{"hermod_net_tls_handshakes_failed_total", "counter",
    "", "Connections that ended before their TLS handshake did"};
inline constexpr Described certificate_expires{"hermod_net_tls_certificate_expires_seconds",
    "gauge", "", "When the certificate this server shows ends, in seconds since 1970"};

inline constexpr std::array all{requests, request_seconds, in_flight, undeclared, connections,
    connections_refused, handshakes_failed, certificate_expires};

}
