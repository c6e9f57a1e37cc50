#include "net/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace hermod::net {

IpAddress IpAddress::v4(std::array<std::uint8_t, 4> const& bytes)
{
    IpAddress address;
    std::ranges::copy(bytes, address.bytes_.begin());
    return address;
}

IpAddress IpAddress::v6(std::array<std::uint8_t, 16> const& bytes)
{
    IpAddress address;
    address.is_v4_ = false;
    address.bytes_ = bytes;
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text)
{
    std::string const copy{text};
    if (copy.find('\0') != std::string::npos)
        return std::nullopt;
    std::array<std::uint8_t, 4> four{};
    if (::inet_pton(AF_INET, copy.c_str(), four.data()) == 1)
        return v4(four);
    std::array<std::uint8_t, 16> sixteen{};
    if (::inet_pton(AF_INET6, copy.c_str(), sixteen.data()) == 1)
        return v6(sixteen);
    return std::nullopt;
}

std::string IpAddress::str() const
{
    char text[INET6_ADDRSTRLEN] = {};
    ::inet_ntop(is_v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
    return text;
}

std::optional<Network> Network::parse(std::string_view text)
{
    auto const slash = std::min(text.find('/'), text.size());
    auto const address = IpAddress::parse(text.substr(0, slash));
    if (!address)
        return std::nullopt;
    auto const bits = address->is_v4() ? 32 : 128;
    Network network{*address, bits};
    if (slash == text.size())
        return network;
    auto const digits = text.substr(slash + 1);
    auto const [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), network.prefix);
    if (error != std::errc{} || end != digits.data() + digits.size() || network.prefix < 0
        || network.prefix > bits || digits.starts_with('-'))
        return std::nullopt;
    for (int bit = network.prefix; bit < bits; ++bit) {
        auto const byte = address->bytes()[static_cast<std::size_t>(bit / 8)];
        if ((byte >> (7 - bit % 8) & 1) != 0)
            return std::nullopt;
    }
    return network;
}

bool Network::contains(IpAddress const& other) const
{
    if (address.is_v4() != other.is_v4())
        return false;
    for (int bit = 0; bit < prefix; bit += 8) {
        auto const at = static_cast<std::size_t>(bit / 8);
        auto const mask = prefix - bit >= 8 ? 0xff : 0xff << (8 - (prefix - bit)) & 0xff;
        if (((address.bytes()[at] ^ other.bytes()[at]) & mask) != 0)
            return false;
    }
    return true;
}

namespace {

struct Line4 {
    std::array<std::uint8_t, 4> network;
    int prefix;
    Reach reach;
};

// The special-purpose registry (RFC 6890 and what IANA added). The first match counts, so that a
// metadata service within a local network stays out of reach.
constexpr Line4 lines_v4[] = {
    {{0, 0, 0, 0}, 8, Reach::never}, // this network: connects to oneself
    {{100, 100, 100, 200}, 32, Reach::never}, // a cloud's metadata service in shared space
    {{168, 63, 129, 16}, 32, Reach::never}, // a cloud's host agent, though globally numbered
    {{10, 0, 0, 0}, 8, Reach::local}, // private use
    {{100, 64, 0, 0}, 10, Reach::local}, // shared by carriers
    {{127, 0, 0, 0}, 8, Reach::local}, // loopback
    {{169, 254, 0, 0}, 16, Reach::never}, // link-local, metadata services
    {{172, 16, 0, 0}, 12, Reach::local}, // private use
    {{192, 0, 0, 0}, 24, Reach::never}, // protocol assignments
    {{192, 0, 2, 0}, 24, Reach::never}, // documentation
    {{192, 88, 99, 0}, 24, Reach::never}, // 6to4 relays
    {{192, 168, 0, 0}, 16, Reach::local}, // private use
    {{198, 18, 0, 0}, 15, Reach::never}, // benchmarks
    {{198, 51, 100, 0}, 24, Reach::never}, // documentation
    {{203, 0, 113, 0}, 24, Reach::never}, // documentation
    {{224, 0, 0, 0}, 4, Reach::never}, // multicast
    {{240, 0, 0, 0}, 4, Reach::never}, // reserved, broadcast
};

Reach reach_v4(IpAddress const& address)
{
    for (auto const& line : lines_v4) {
        if (Network{IpAddress::v4(line.network), line.prefix}.contains(address))
            return line.reach;
    }
    return Reach::global;
}

using Bytes16 = std::array<std::uint8_t, 16>;

bool begins_with(Bytes16 const& bytes, std::span<std::uint8_t const> prefix)
{
    return std::ranges::equal(std::span{bytes}.first(prefix.size()), prefix);
}

IpAddress v4_at(Bytes16 const& bytes, std::size_t at)
{
    return IpAddress::v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

/// The IPv4 address within, where the form carries one.
std::optional<IpAddress> embedded_v4(Bytes16 const& b)
{
    static constexpr std::uint8_t zero[12] = {};
    static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static constexpr std::uint8_t translated[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    static constexpr std::uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
    static constexpr std::uint8_t local_nat64[6] = {0, 0x64, 0xff, 0x9b, 0, 1};
    static constexpr std::uint8_t six_to_four[2] = {0x20, 0x02};
    static constexpr std::uint8_t teredo[4] = {0x20, 0x01, 0, 0};
    if (begins_with(b, zero) || begins_with(b, mapped) || begins_with(b, translated)
        || begins_with(b, nat64))
        return v4_at(b, 12);
    // RFC 6052 puts the address around byte 8 in prefixes shorter than /96; with /48 the
    // operator may have chosen /96 too, which local networks do: the last four bytes count.
    if (begins_with(b, local_nat64))
        return v4_at(b, 12);
    if (begins_with(b, six_to_four))
        return v4_at(b, 2);
    if (begins_with(b, teredo)) { // the client's address, inverted
        return IpAddress::v4({static_cast<std::uint8_t>(~b[12]), static_cast<std::uint8_t>(~b[13]),
            static_cast<std::uint8_t>(~b[14]), static_cast<std::uint8_t>(~b[15])});
    }
    return std::nullopt;
}

Reach reach_v6(Bytes16 const& b)
{
    Bytes16 loopback{};
    loopback[15] = 1;
    if (b == loopback)
        return Reach::local;
    if (b == Bytes16{})
        return Reach::never;
    // Through a tunnel or translator even a global address may end up somewhere local.
    if (auto const inner = embedded_v4(b))
        return reach_v4(*inner) == Reach::never ? Reach::never : Reach::local;
    if ((b[0] & 0xfe) == 0xfc) { // unique local, but for the metadata services within
        static constexpr std::uint8_t aws[6] = {0xfd, 0x00, 0x0e, 0xc2};
        static constexpr std::uint8_t gcp[6] = {0xfd, 0x20, 0x00, 0xce};
        return begins_with(b, aws) || begins_with(b, gcp) ? Reach::never : Reach::local;
    }
    if ((b[0] & 0xe0) != 0x20) // outside 2000::/3 nothing is globally routed
        return Reach::never;
    static constexpr std::uint8_t documentation[4] = {0x20, 0x01, 0x0d, 0xb8};
    auto const assignments = b[0] == 0x20 && b[1] == 0x01 && (b[2] & 0xfe) == 0; // 2001::/23
    auto const documentation_2 = b[0] == 0x3f && b[1] == 0xff && (b[2] & 0xf0) == 0; // /20
    if (begins_with(b, documentation) || assignments || documentation_2)
        return Reach::never;
    auto const isatap = (b[8] & 0xfd) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe;
    if (isatap) // a tunnel to the IPv4 address at its end
        return reach_v4(v4_at(b, 12)) == Reach::never ? Reach::never : Reach::local;
    return Reach::global;
}

}

Reach reach_of(IpAddress const& address)
{
    return address.is_v4() ? reach_v4(address) : reach_v6(address.bytes());
}

}
