#include "net/http_connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hermod::net {

using namespace std::string_view_literals;

static constexpr std::array reasons{
    std::pair{200, "HTTP/1.1 200 OK\r\n"sv},
    std::pair{201, "HTTP/1.1 201 Created\r\n"sv},
    std::pair{202, "HTTP/1.1 202 Accepted\r\n"sv},
    std::pair{204, "HTTP/1.1 204 No Content\r\n"sv},
    std::pair{206, "HTTP/1.1 206 Partial Content\r\n"sv},
    std::pair{302, "HTTP/1.1 302 Found\r\n"sv},
    std::pair{304, "HTTP/1.1 304 Not Modified\r\n"sv},
    std::pair{400, "HTTP/1.1 400 Bad Request\r\n"sv},
    std::pair{401, "HTTP/1.1 401 Unauthorized\r\n"sv},
    std::pair{403, "HTTP/1.1 403 Forbidden\r\n"sv},
    std::pair{404, "HTTP/1.1 404 Not Found\r\n"sv},
    std::pair{405, "HTTP/1.1 405 Method Not Allowed\r\n"sv},
    std::pair{406, "HTTP/1.1 406 Not Acceptable\r\n"sv},
    std::pair{408, "HTTP/1.1 408 Request Timeout\r\n"sv},
    std::pair{409, "HTTP/1.1 409 Conflict\r\n"sv},
    std::pair{410, "HTTP/1.1 410 Gone\r\n"sv},
    std::pair{411, "HTTP/1.1 411 Length Required\r\n"sv},
    std::pair{412, "HTTP/1.1 412 Precondition Failed\r\n"sv},
    std::pair{413, "HTTP/1.1 413 Content Too Large\r\n"sv},
    std::pair{414, "HTTP/1.1 414 URI Too Long\r\n"sv},
    std::pair{415, "HTTP/1.1 415 Unsupported Media Type\r\n"sv},
    std::pair{416, "HTTP/1.1 416 Range Not Satisfiable\r\n"sv},
    std::pair{417, "HTTP/1.1 417 Expectation Failed\r\n"sv},
    std::pair{422, "HTTP/1.1 422 Unprocessable Content\r\n"sv},
    std::pair{429, "HTTP/1.1 429 Too Many Requests\r\n"sv},
    std::pair{431, "HTTP/1.1 431 Request Header Fields Too Large\r\n"sv},
    std::pair{500, "HTTP/1.1 500 Internal Server Error\r\n"sv},
    std::pair{503, "HTTP/1.1 503 Service Unavailable\r\n"sv},
};

static void append_status_line(std::string& out, int status)
{
    auto const known = std::ranges::lower_bound(
        reasons, status, {}, [](auto const& reason) { return reason.first; });
    if (known != reasons.end() && known->first == status) {
        out += known->second;
        return;
    }
    out += "HTTP/1.1 ";
    append_integer(out, status);
    out += " \r\n";
}

/// A CR or LF in a value would let its author write headers of their own.
static void append_header(std::string& out, std::string_view name, std::string_view value)
{
    out.append(name).append(": ");
    auto const start = out.size();
    out += value;
    for (auto i = start; i < out.size(); ++i)
        if (out[i] == '\r' || out[i] == '\n' || out[i] == '\0')
            out[i] = ' ';
    out += "\r\n";
}

static void append_rate(std::string& out, RateVerdict const& rate)
{
    out += "RateLimit-Limit: ";
    append_integer(out, rate.limit);
    out += "\r\nRateLimit-Remaining: ";
    append_integer(out, rate.remaining);
    out += "\r\nRateLimit-Reset: ";
    append_integer(out, rate.reset_s);
    out += "\r\n";
}

static bool has(Reply const& reply, std::string_view name)
{
    return std::ranges::any_of(
        reply.headers, [&](auto const& header) { return header.first == name; });
}

/// What holds for every answer unless it says otherwise itself: nothing keeps it, no page frames it
/// or takes it for something else, and no page of another origin gets it but by CORS.
static void append_defaults(std::string& out, Reply const& reply)
{
    static constexpr std::array defaults{
        std::pair{"Cache-Control"sv, "no-store"sv},
        std::pair{"Content-Security-Policy"sv, "default-src 'none'; frame-ancestors 'none'"sv},
        std::pair{"Cross-Origin-Resource-Policy"sv, "same-origin"sv},
        std::pair{"Referrer-Policy"sv, "no-referrer"sv},
    };
    for (auto const& [name, value] : defaults)
        if (!has(reply, name))
            out.append(name).append(": ").append(value).append("\r\n");
}

/// How the reader finds the body's end; an HTTP/1.0 client waits for the connection's.
static void append_framing(std::string& out, Reply const& reply, ReplyFrame const& frame)
{
    if (reply.status == 204 || reply.status == 304)
        return;
    if (reply.stream && !reply.length) {
        if (!frame.http_1_0)
            out += "Transfer-Encoding: chunked\r\n";
        return;
    }
    out += "Content-Length: ";
    append_integer(
        out, static_cast<std::int64_t>(reply.stream ? *reply.length : reply.body.size()));
    out += "\r\n";
}

void append_reply(std::string& out, Reply const& reply, ReplyFrame const& frame)
{
    out.reserve(out.size() + 640 + reply.body.size());
    append_status_line(out, reply.status);
    out.append("Date: ").append(frame.date).append("\r\nX-Request-Id: ").append(frame.request_id);
    out += "\r\nX-Content-Type-Options: nosniff\r\n";
    append_defaults(out, reply);
    out.append(frame.cors_lines).append(frame.hsts_line);
    if (frame.rate)
        append_rate(out, *frame.rate);
    if (!reply.content_type.empty())
        append_header(out, "Content-Type", reply.content_type);
    for (auto const& [name, value] : reply.headers)
        append_header(out, name, value);
    append_framing(out, reply, frame);
    out += frame.close ? "Connection: close\r\n\r\n"sv : "\r\n"sv;
    if (!frame.head_only && reply.status != 204 && reply.status != 304)
        out += reply.body;
}

}
