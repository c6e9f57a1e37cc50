#pragma once

#include "net/ip_address.hpp"
#include "net/request.hpp"

#include <vector>

namespace hermod::net {

/// Which header the proxies in front of this server write. The other is not read: they pass on what
/// a client sends there.
enum class ForwardedBy { x_forwarded_for, forwarded };

/// One station of RFC 7239's `Forwarded`; empty where it does not say.
struct ForwardedHop {
    std::string node; ///< its `for`, as written, without quotes
    std::string proto;
    std::string host;

    bool operator==(ForwardedHop const&) const = default;
};

/// The stations in the order written; nothing where the header is not one.
std::optional<std::vector<ForwardedHop>> parse_forwarded(std::string_view header);

/// The address that a node names, a port or not; nothing for `unknown` and hidden names.
std::optional<IpAddress> parse_node(std::string_view node);

/// The proxies whose word on the client is taken.
class TrustedProxies {
public:
    TrustedProxies() = default;
    TrustedProxies(std::vector<Network> networks, ForwardedBy by)
        : networks_(std::move(networks)), by_(by)
    {
    }

    /// Sets the request's client, scheme and host where its peer is trusted. The client is the
    /// rightmost address that is not trusted: what stands left of it, it may have made up.
    void apply(Request& request) const;

private:
    bool trusts(IpAddress const& address) const;
    void apply_forwarded(Request& request) const;
    void apply_x_forwarded(Request& request) const;

    std::vector<Network> networks_;
    ForwardedBy by_ = ForwardedBy::x_forwarded_for;
};

}
