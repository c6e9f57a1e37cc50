#include "net/address_guard.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>

namespace hermod::net {

static constexpr std::size_t max_url_length = 2048;
static constexpr std::size_t max_host_length = 253;

static bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

static bool is_digits(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// One part of an inet_aton address: decimal, 0octal or 0xhexadecimal.
static std::optional<std::uint64_t> number_part(std::string_view part)
{
    int base = 10;
    if (part.starts_with("0x")) {
        base = 16;
        part.remove_prefix(2);
        if (part.empty()) // the URL standard reads `0x` as zero, resolvers do not
            return std::nullopt;
    } else if (part.size() > 1 && part.front() == '0') {
        base = 8;
    }
    std::uint64_t value = 0;
    auto const* const end = part.data() + part.size();
    auto const result = std::from_chars(part.data(), end, value, base);
    if (result.ec != std::errc{} || result.ptr != end)
        return std::nullopt;
    return value;
}

std::expected<std::optional<IpAddress>, std::string> literal_v4(std::string_view host)
{
    auto const last = host.substr(host.rfind('.') + 1); // npos + 1 is 0
    auto const is_hex = last.starts_with("0x")
        && last.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
    if (!is_digits(last) && !is_hex)
        return std::nullopt;

    auto const refused = std::unexpected(std::string{"must name a host that is not half a number"});
    std::vector<std::uint64_t> parts;
    for (std::size_t begin = 0; begin <= host.size();) {
        auto const end = std::min(host.find('.', begin), host.size());
        auto const part = number_part(host.substr(begin, end - begin));
        if (!part || parts.size() == 4)
            return refused;
        parts.push_back(*part);
        begin = end + 1;
    }
    // All but the last are one byte; the last fills what is left.
    auto const limit = std::uint64_t{1} << (8 * (5 - parts.size()));
    if (parts.back() >= limit)
        return refused;
    auto address = parts.back();
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        if (parts[i] > 255)
            return refused;
        address |= parts[i] << (8 * (3 - i));
    }
    auto const byte = [&](int shift) { return static_cast<std::uint8_t>(address >> shift); };
    return IpAddress::v4({byte(24), byte(16), byte(8), byte(0)});
}

bool VettedUrl::is_loopback() const
{
    if (host == "localhost" || host.ends_with(".localhost"))
        return true;
    auto const address = IpAddress::parse(host);
    if (!address)
        return false;
    static auto const v4 = Network{IpAddress::v4({127, 0, 0, 0}), 8};
    return v4.contains(*address) || address->str() == "::1";
}

std::string VettedUrl::authority() const
{
    return (host_is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string VettedUrl::str() const
{
    return scheme + "://" + authority() + target;
}

AddressGuard::AddressGuard(bool allow_private_networks, std::vector<Network> exceptions)
    : allow_private_networks_(allow_private_networks), exceptions_(std::move(exceptions))
{
}

bool AddressGuard::allows(IpAddress const& address) const
{
    if (std::ranges::any_of(
            exceptions_, [&](auto const& network) { return network.contains(address); }))
        return true;
    auto const reach = reach_of(address);
    return reach == Reach::global || (reach == Reach::local && allow_private_networks_);
}

/// Ports of services that would take an HTTP or SMTP request for something else.
static bool is_port_of_another_service(std::uint16_t port)
{
    static constexpr std::uint16_t ports[] = {1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376,
        2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672, 5900, 5984, 6000, 6379,
        6380, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9092, 9200, 9300, 10080, 10250,
        11211, 26379, 27017};
    return std::ranges::binary_search(ports, port);
}

bool AddressGuard::allows_port(VettedUrl const& url, UrlRules rules) const
{
    if (url.port == 0)
        return false;
    if (allow_private_networks_)
        return true;
    auto const usual = rules.kind == UrlRules::Kind::http
        ? url.port == 80 || url.port == 443
        : url.port == 25 || url.port == 465 || url.port == 587;
    return usual || (url.port >= 1024 && !is_port_of_another_service(url.port));
}

using Refused = std::unexpected<UrlRefusal>;

static Refused malformed(std::string message)
{
    return Refused{UrlRefusal{std::move(message), false}};
}

static std::expected<std::string_view, UrlRefusal> take_scheme(
    std::string_view url, UrlRules rules, VettedUrl& vetted)
{
    auto const end = url.find("://");
    vetted.scheme = to_lower(url.substr(0, std::min(end, std::size_t{16})));
    auto const http = rules.kind == UrlRules::Kind::http;
    std::string const plain = http ? "http" : "smtp";
    auto const tls = plain + "s";
    auto const known = vetted.scheme == tls || (vetted.scheme == plain && !rules.tls_only);
    if (end == std::string_view::npos || !known)
        return malformed(
            "must begin with " + (rules.tls_only ? "" : plain + ":// or ") + tls + "://");
    if (http)
        vetted.port = vetted.tls() ? 443 : 80;
    else
        vetted.port = vetted.tls() ? 465 : 587;
    return url.substr(end + 3);
}

static std::expected<void, UrlRefusal> read_port(std::string_view text, VettedUrl& vetted)
{
    unsigned port = 0;
    auto const* const end = text.data() + text.size();
    auto const result = std::from_chars(text.data(), end, port);
    if (!is_digits(text) || result.ptr != end || result.ec != std::errc{} || port == 0
        || port > 65535)
        return malformed("must have a port of 1 to 65535");
    vetted.port = static_cast<std::uint16_t>(port);
    return {};
}

/// Splits `host`, `host:port`, `[v6]`, `[v6]:port`.
static std::expected<void, UrlRefusal> read_authority(std::string_view text, VettedUrl& vetted)
{
    auto rest = std::string_view{};
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        auto const address = end == std::string_view::npos
            ? std::nullopt
            : IpAddress::parse(text.substr(1, end - 1));
        if (!address || address->is_v4())
            return malformed("must have an IPv6 address between its brackets");
        vetted.host = address->str();
        vetted.host_is_v6 = true;
        rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':')
            return malformed("must have nothing but a port after its brackets");
    } else {
        auto const colon = std::min(text.find(':'), text.size());
        vetted.host = to_lower(text.substr(0, colon));
        rest = text.substr(colon);
    }
    return rest.empty() ? std::expected<void, UrlRefusal>{} : read_port(rest.substr(1), vetted);
}

static std::expected<void, UrlRefusal> read_name(VettedUrl& vetted)
{
    auto& host = vetted.host;
    if (host.ends_with('.')) // the root: `localhost.` is localhost
        host.pop_back();
    if (host.empty())
        return malformed("must name a host");
    if (!std::ranges::all_of(host, is_host_character))
        return malformed("must name its host in ASCII letters, digits, `.`, `-` (IDN as xn--…)");
    if (host.size() > max_host_length || host.front() == '.' || host.back() == '.'
        || host.find("..") != std::string::npos)
        return malformed("must name a host with labels of 1 to 63 characters");
    auto const literal = literal_v4(host);
    if (!literal)
        return malformed(literal.error());
    if (*literal)
        host = (*literal)->str();
    return {};
}

static std::expected<void, UrlRefusal> read_target(
    std::string_view text, UrlRules rules, VettedUrl& vetted)
{
    if (rules.kind == UrlRules::Kind::smtp) {
        if (!text.empty() && text != "/")
            return malformed("must have no path");
        return {};
    }
    text = text.substr(0, text.find('#'));
    vetted.target = text.starts_with('/') ? std::string{text} : "/" + std::string{text};
    return {};
}

std::expected<VettedUrl, UrlRefusal> AddressGuard::vet(std::string_view url, UrlRules rules) const
{
    if (url.size() > max_url_length)
        return malformed("must be at most 2048 characters");
    // What parsers disagree on is not let through: blanks, controls, backslashes, raw Unicode.
    if (std::ranges::any_of(url, [](char c) { return c <= ' ' || c > '~' || c == '\\'; }))
        return malformed("must have no blanks, backslashes or characters beyond ASCII");

    VettedUrl vetted;
    auto const rest = take_scheme(url, rules, vetted);
    if (!rest)
        return Refused{rest.error()};
    auto const authority = rest->substr(0, rest->find_first_of("/?#"));
    if (authority.find('@') != std::string_view::npos)
        return malformed("must hold no user name or password");
    if (auto const read = read_authority(authority, vetted); !read)
        return Refused{read.error()};
    if (!vetted.host_is_v6) {
        if (auto const read = read_name(vetted); !read)
            return Refused{read.error()};
    }
    if (auto const read = read_target(rest->substr(authority.size()), rules, vetted); !read)
        return Refused{read.error()};

    auto const literal = IpAddress::parse(vetted.host);
    auto const reachable =
        literal ? allows(*literal) : allow_private_networks_ || !vetted.is_loopback();
    if (!reachable)
        return Refused{UrlRefusal{
            "must not lead into a private network (net.allow_private_networks permits it)", true}};
    if (!allows_port(vetted, rules))
        return Refused{UrlRefusal{"must use a port of its service", true}};
    return vetted;
}

}
