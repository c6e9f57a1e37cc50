#include "base/errors.hpp"
#include "net/forwarded.hpp"
#include "net/http_head.hpp"

using namespace hermod;
using namespace hermod::net;

/// A request through a trusted proxy, with this text as what it says of its client.
static Request seen_through(
    ForwardedBy by, std::string_view header, std::string_view text, std::string peer)
{
    TrustedProxies const proxies{{*Network::parse("10.0.0.0/8")}, by};
    Request request;
    request.remote_address = std::move(peer);
    request.headers = {{"host", "inner"}, {std::string{header}, std::string{text}}};
    proxies.apply(request);
    return request;
}

/// Whatever a client writes there: its address is one in the usual form, and what a proxy it does
/// not know appends wins over it.
extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size)
{
    std::string const text{reinterpret_cast<char const*>(data), size};
    for (auto const header : {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}) {
        auto const request = seen_through(ForwardedBy::x_forwarded_for, header, text, "10.0.0.1");
        HERMOD_CHECK(IpAddress::parse(request.remote_address).has_value());
        HERMOD_CHECK(is_host(request.host()));
        auto const stranger = seen_through(ForwardedBy::x_forwarded_for, header, text, "192.0.2.1");
        HERMOD_CHECK(stranger.remote_address == "192.0.2.1" && stranger.forwarded_host.empty());
    }
    HERMOD_CHECK(seen_through(ForwardedBy::x_forwarded_for, "x-forwarded-for",
                     text + ", 203.0.113.9", "10.0.0.1")
                     .remote_address
        == "203.0.113.9");
    auto const request = seen_through(ForwardedBy::forwarded, "forwarded", text, "10.0.0.1");
    HERMOD_CHECK(IpAddress::parse(request.remote_address).has_value());
    HERMOD_CHECK(is_host(request.host()));
    auto const hops = parse_forwarded(text);
    if (hops && text.find('"') == std::string::npos) {
        auto const more = parse_forwarded(text + ", for=203.0.113.9");
        HERMOD_CHECK(
            !more || (more->size() == hops->size() + 1 && more->back().node == "203.0.113.9"));
    }
    return 0;
}
