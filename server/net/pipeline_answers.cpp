#include "base/log.hpp"
#include "net/gzip.hpp"
#include "net/pipeline.hpp"

namespace hermod::net {

static std::string_view wire_name(Exchange const& exchange)
{
    switch (exchange.head.kind) {
    case Head::Kind::head:
        return "HEAD";
    case Head::Kind::options:
        return "OPTIONS";
    case Head::Kind::plain:
        break;
    }
    return wire_name(exchange.request.method);
}

/// The route's pattern, never the path: paths and queries hold ids, addresses and tickets.
void Pipeline::log_access(Exchange const& exchange, int status, microseconds took) const
{
    if (!log::enabled(log::Level::info))
        return;
    auto const& request = exchange.request;
    log::info("request",
        {{"method", wire_name(exchange)},
            {"route", exchange.route ? std::string_view{exchange.route->path} : "none"},
            {"status", status}, {"bytes", exchange.sent_bytes},
            {"us", static_cast<std::int64_t>(took.count())}, {"client", request.remote_address},
            {"request_id", request.request_id}, {"workspace", workspace_of(exchange)}});
}

static bool is_text(std::string_view content_type)
{
    return content_type.starts_with("application/json") || content_type.starts_with("text/");
}

// Lengths tell what was compressed together (BREACH), so only what is read is compressed, never the
// answer to a change, which is where secrets are given out; nothing that a browser asked for by
// itself, with a cookie, since another page may have made it ask; and gzip blurs each length.
// ADR 22.
Task<void> Pipeline::compress(Exchange const& exchange, Reply& reply) const
{
    static constexpr std::size_t least = 1024;
    auto const& request = exchange.request;
    if (request.method != Method::get || reply.status != 200 || reply.stream
        || reply.body.size() < least || !is_text(reply.content_type)
        || !request.header("cookie").empty())
        co_return;
    reply.headers.emplace_back("Vary", "Accept-Encoding");
    if (!accepts_gzip(request.header("accept-encoding")))
        co_return;
    reply.body = co_await gzip(std::move(reply.body));
    reply.headers.emplace_back("Content-Encoding", "gzip");
}

}
