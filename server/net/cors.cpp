#include "net/cors.hpp"

#include <algorithm>

namespace hermod::net {

// What a page may read besides the headers that are always readable.
static constexpr std::string_view exposed =
    "Access-Control-Expose-Headers: X-Request-Id, RateLimit-Limit, RateLimit-Remaining, "
    "RateLimit-Reset, Retry-After, Idempotent-Replayed, Location, ETag, Content-Disposition, "
    "Content-Range, Accept-Ranges, Upload-Offset, Upload-Length, Tus-Resumable\r\n";

static constexpr std::string_view may_send =
    "Authorization, Content-Type, Idempotency-Key, Hermod-Workspace, X-API-Key, X-Request-Id, "
    "X-CSRF-Token, Last-Event-ID, If-Match, If-None-Match, Range, Tus-Resumable, Upload-Length, "
    "Upload-Offset, Upload-Metadata";

// As long as the browser that keeps answers for the longest but one does.
static constexpr std::string_view preflight_seconds = "7200";

static bool is_scheme(std::string_view scheme)
{
    return !scheme.empty() && scheme.front() >= 'a' && scheme.front() <= 'z'
        && std::ranges::all_of(scheme, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-'
                   || c == '.';
           });
}

bool is_cors_origin(std::string_view text)
{
    if (text == "*")
        return true;
    auto const end = text.find("://");
    if (end == std::string_view::npos || !is_scheme(text.substr(0, end)))
        return false;
    auto const scheme = text.substr(0, end);
    auto const host = text.substr(end + 3);
    auto const is_default_port = (scheme == "https" && host.ends_with(":443"))
        || (scheme == "http" && host.ends_with(":80"));
    return !host.empty() && !is_default_port && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
            || std::string_view{"-._:[]"}.find(c) != std::string_view::npos;
    });
}

Cors::Cors(std::vector<std::string> const& origins)
    : pages_("Vary: Origin\r\nAccess-Control-Allow-Origin: *\r\n")
{
    pages_.append(exposed);
    for (auto const& origin : origins) {
        if (origin == "*") {
            any_ = true;
            continue;
        }
        listed_[origin]
            .append("Vary: Origin\r\nAccess-Control-Allow-Origin: ")
            .append(origin)
            .append("\r\nAccess-Control-Allow-Credentials: true\r\n")
            .append(exposed);
    }
    // Even who is refused must not be given what a cache kept for another origin.
    if (any_ || !listed_.empty())
        vary_ = "Vary: Origin\r\n";
    others_ = vary_;
    if (any_)
        others_.append("Access-Control-Allow-Origin: *\r\n").append(exposed);
}

std::string_view Cors::lines_for(std::string_view origin) const
{
    if (origin.empty())
        return vary_;
    auto const found = listed_.find(origin);
    return found == listed_.end() ? std::string_view{others_} : std::string_view{found->second};
}

std::string_view Cors::lines_for_pages(std::string_view origin) const
{
    auto const found = listed_.find(origin);
    return found == listed_.end() ? std::string_view{pages_} : std::string_view{found->second};
}

bool Cors::is_preflight(Request const& request, bool for_pages) const
{
    auto const origin = request.header("origin");
    return !origin.empty() && !request.header("access-control-request-method").empty()
        && (any_ || for_pages || listed_.contains(origin));
}

Pairs Cors::preflight_headers(std::string const& methods)
{
    return {{"Access-Control-Allow-Methods", methods},
        {"Access-Control-Allow-Headers", std::string{may_send}},
        {"Access-Control-Max-Age", std::string{preflight_seconds}},
        {"Vary", "Access-Control-Request-Method, Access-Control-Request-Headers"}};
}

}
