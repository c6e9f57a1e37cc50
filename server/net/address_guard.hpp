#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {

/// An IPv4 or IPv6 address.
class IpAddress {
public:
    static IpAddress v4(std::array<std::uint8_t, 4> const& bytes);
    static IpAddress v6(std::array<std::uint8_t, 16> const& bytes);
    /// The strict forms alone: four decimal parts, or RFC 4291 text without zone or brackets.
    static std::optional<IpAddress> parse(std::string_view text);

    bool is_v4() const { return is_v4_; }
    /// Of IPv4 the first four count.
    std::array<std::uint8_t, 16> const& bytes() const { return bytes_; }
    std::string str() const;
    bool operator==(IpAddress const&) const = default;

private:
    bool is_v4_ = true;
    std::array<std::uint8_t, 16> bytes_{};
};

/// Why an address may or may not be reached for a user.
enum class Reach {
    global, ///< the public internet
    local, ///< loopback, private use, shared (CGNAT), unique local: with allow_private_networks
    never, ///< metadata services, link-local, multicast, reserved, documentation, unspecified
};

/// Every address a user names, or a name of theirs resolves to, goes through here. IPv6 that
/// carries an IPv4 address (mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP) is never
/// global: no public service needs to be reached so, and it is how filters are passed by.
Reach reach_of(IpAddress const& address);

/// One network that may be reached whatever the rules say.
struct Network {
    IpAddress address;
    int prefix = 0; ///< leading bits that count

    bool contains(IpAddress const& other) const;
};

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
