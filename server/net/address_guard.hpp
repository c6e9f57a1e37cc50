#pragma once

#include "net/ip_address.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {

/// What a user may give as a URL.
struct UrlRules {
    enum class Kind { http, smtp };

    Kind kind = Kind::http;
    bool tls_only = false;
};

/// A URL that passed. `host` is lower case, without brackets; an IPv4 address in any of the forms a
/// resolver takes (`0x7f.1`, `2130706433`) has become its four decimal parts.
struct VettedUrl {
    std::string scheme;
    std::string host;
    bool host_is_v6 = false;
    std::uint16_t port = 0;
    std::string target; ///< path and query, begins with `/`; empty for smtp

    bool tls() const { return scheme == "https" || scheme == "smtps"; }
    /// This machine by its literal address or as `localhost`.
    bool is_loopback() const;
    std::string authority() const; ///< `host:port`, an IPv6 host in brackets
    std::string str() const;
};

struct UrlRefusal {
    std::string message; ///< ends the sentence that begins with the field's name
    bool blocked = false; ///< well formed, but a network or port that may not be reached
};

/// The only gate to addresses that a user gives. It is asked twice: `vet` when a URL is taken, and
/// `allows` for the address of every connection, so that a name that resolves elsewhere later does
/// not get through.
class AddressGuard {
public:
    explicit AddressGuard(bool allow_private_networks, std::vector<Network> exceptions = {});

    bool allows(IpAddress const& address) const;
    std::expected<VettedUrl, UrlRefusal> vet(std::string_view url, UrlRules rules) const;

private:
    bool allows_port(VettedUrl const& url, UrlRules rules) const;

    bool allow_private_networks_;
    std::vector<Network> exceptions_;
};

/// The address a host names by itself, in every form inet_aton takes (decimal, octal, hexadecimal,
/// one to four parts). `nullopt`: a name for the resolver. An error: it ends like a number but is
/// none, which resolvers read differently.
std::expected<std::optional<IpAddress>, std::string> literal_v4(std::string_view host);

}
