#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

    /// `10.0.0.0/8`, `::1`; nothing where bits beyond the prefix are set, which is a slip.
    static std::optional<Network> parse(std::string_view text);

    bool contains(IpAddress const& other) const;
};

}
