#include "access/browser_guard.hpp"

#include <algorithm>

namespace hermod::access {

static Problem refused(char const* why)
{
    return Problem{Errc::csrf_refused, why};
}

std::optional<std::string> read_origin(std::string_view text)
{
    auto origin = to_lower(text);
    auto const scheme = origin.starts_with("https://") ? std::size_t{8}
        : origin.starts_with("http://")                ? std::size_t{7}
                                                       : std::size_t{0};
    if (scheme == 0 || origin.size() == scheme)
        return std::nullopt;
    auto const host = std::string_view{origin}.substr(scheme);
    auto const good = std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':'
            || c == '[' || c == ']';
    });
    if (!good)
        return std::nullopt;
    // A browser leaves the scheme's own port out.
    auto const own_port = scheme == 8 ? std::string_view{":443"} : std::string_view{":80"};
    if (host.ends_with(own_port) && host.size() > own_port.size())
        origin.resize(origin.size() - own_port.size());
    return origin;
}

/// The origins that this request's own server has by its Host.
static bool is_own(std::string const& origin, std::string_view host, bool plain_http)
{
    if (host.empty())
        return false;
    return origin == read_origin("https://" + std::string{host})
        || (plain_http && origin == read_origin("http://" + std::string{host}));
}

static bool changes_something(net::Method method)
{
    return method != net::Method::get;
}

std::optional<Problem> check_own_page(net::Request const& request, bool plain_http)
{
    auto const site = request.header("sec-fetch-site");
    // `none`: the user's own doing, such as an address typed; it changes nothing.
    if (!site.empty() && site != "same-origin" && site != "none")
        return refused("the request was made by another site's page");
    if (auto const given = request.header("origin"); !given.empty()) {
        auto const origin = read_origin(given);
        if (!origin || !is_own(*origin, request.header("host"), plain_http))
            return refused("the request was made by a page of another origin");
    }
    if (changes_something(request.method) && request.header("hermod-csrf") != "1")
        return refused("what changes something by cookie needs the header Hermod-CSRF: 1");
    return std::nullopt;
}

bool is_from_one_of(net::Request const& request, std::vector<std::string> const& origins)
{
    auto const origin = read_origin(request.header("origin"));
    return origin && std::ranges::find(origins, *origin) != origins.end();
}

}
