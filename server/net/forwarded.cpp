#include "net/forwarded.hpp"

#include "net/http_head.hpp"

#include <algorithm>

namespace hermod::net {

static constexpr std::size_t max_hops = 64;

/// IPv4 within IPv6 is the same client.
static IpAddress plain(IpAddress const& address)
{
    static constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    auto const& b = address.bytes();
    if (address.is_v4() || !std::equal(mapped.begin(), mapped.end(), b.begin()))
        return address;
    return IpAddress::v4({b[12], b[13], b[14], b[15]});
}

static bool is_port(std::string_view text)
{
    return !text.empty() && text.size() <= 5
        && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<IpAddress> parse_node(std::string_view node)
{
    node = trim(node);
    if (node.starts_with('[')) {
        auto const end = node.find(']');
        if (end == std::string_view::npos)
            return std::nullopt;
        auto const rest = node.substr(end + 1);
        if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1))))
            return std::nullopt;
        node = node.substr(1, end - 1);
    } else if (auto const colon = node.find(':');
        colon != std::string_view::npos && node.find(':', colon + 1) == node.npos) {
        if (!is_port(node.substr(colon + 1)))
            return std::nullopt;
        node = node.substr(0, colon);
    }
    auto const address = IpAddress::parse(node);
    return address ? std::optional{plain(*address)} : std::nullopt;
}

namespace {

bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

/// Reads `for=a;proto="b", for=c` (RFC 7239 §4).
class ForwardedReader {
public:
    explicit ForwardedReader(std::string_view text) : text_(text) { }

    std::optional<std::vector<ForwardedHop>> read()
    {
        std::vector<ForwardedHop> hops;
        for (;;) {
            skip_blanks();
            if (at_ == text_.size())
                return hops;
            if (take(',')) // an empty element
                continue;
            if (hops.size() == max_hops || !read_hop(hops.emplace_back()))
                return std::nullopt;
            skip_blanks();
            if (at_ < text_.size() && !take(','))
                return std::nullopt;
        }
    }

private:
    bool read_hop(ForwardedHop& hop)
    {
        do {
            skip_blanks();
            std::string const name = to_lower(token());
            if (name.empty() || !take('='))
                return false;
            auto const value = read_value();
            if (!value)
                return false;
            auto* const place = name == "for" ? &hop.node
                : name == "proto"             ? &hop.proto
                : name == "host"              ? &hop.host
                                              : nullptr;
            if (place && !place->empty())
                return false; // each at most once
            if (place)
                *place = *value;
            skip_blanks();
        } while (take(';'));
        return true;
    }

    std::optional<std::string> read_value()
    {
        if (!take('"')) {
            auto const text = token();
            return text.empty() ? std::nullopt : std::optional{std::string{text}};
        }
        std::string value;
        while (at_ < text_.size()) {
            auto const c = text_[at_++];
            if (c == '"')
                return value;
            if (c == '\\' && at_ == text_.size())
                return std::nullopt;
            value.push_back(c == '\\' ? text_[at_++] : c);
        }
        return std::nullopt;
    }

    std::string_view token()
    {
        auto const begin = at_;
        while (at_ < text_.size() && is_token_char(text_[at_]))
            ++at_;
        return text_.substr(begin, at_ - begin);
    }

    bool take(char c)
    {
        auto const is_next = at_ < text_.size() && text_[at_] == c;
        at_ += is_next ? 1 : 0;
        return is_next;
    }

    void skip_blanks()
    {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'))
            ++at_;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// Several lines of one header are one list.
std::string all_of(Request const& request, std::string_view name)
{
    std::string all;
    for (auto const& [key, value] : request.headers)
        if (key == name)
            all.append(all.empty() ? "" : ",").append(value);
    return all;
}

/// What the nearest proxy said, where each may have added to the list.
std::string_view last_of(std::string_view list)
{
    auto const comma = list.rfind(',');
    return trim(comma == list.npos ? list : list.substr(comma + 1));
}

void set_scheme(Request& request, std::string_view proto)
{
    if (!proto.empty())
        request.secure = to_lower(proto) == "https";
}

void set_host(Request& request, std::string_view host)
{
    if (is_host(host))
        request.forwarded_host.assign(host);
}

}

std::optional<std::vector<ForwardedHop>> parse_forwarded(std::string_view header)
{
    return ForwardedReader{header}.read();
}

bool TrustedProxies::trusts(IpAddress const& address) const
{
    return std::ranges::any_of(
        networks_, [&](Network const& network) { return network.contains(address); });
}

void TrustedProxies::apply(Request& request) const
{
    if (networks_.empty())
        return;
    auto const peer = IpAddress::parse(request.remote_address);
    if (!peer || !trusts(*peer))
        return;
    if (by_ == ForwardedBy::forwarded)
        apply_forwarded(request);
    else
        apply_x_forwarded(request);
}

// A station that is no address ends the walk: the proxy that wrote it is then the client.
void TrustedProxies::apply_forwarded(Request& request) const
{
    auto const hops = parse_forwarded(all_of(request, "forwarded"));
    if (!hops)
        return;
    for (auto hop = hops->rbegin(); hop != hops->rend(); ++hop) {
        set_scheme(request, hop->proto);
        set_host(request, hop->host);
        auto const address = parse_node(hop->node);
        if (!address)
            return;
        request.remote_address = address->str();
        if (!trusts(*address))
            return;
    }
}

void TrustedProxies::apply_x_forwarded(Request& request) const
{
    set_scheme(request, last_of(all_of(request, "x-forwarded-proto")));
    set_host(request, last_of(all_of(request, "x-forwarded-host")));
    auto const list = all_of(request, "x-forwarded-for");
    std::string_view rest = list;
    for (std::size_t hop = 0; hop < max_hops && !rest.empty(); ++hop) {
        auto const address = parse_node(last_of(rest));
        if (!address)
            return;
        request.remote_address = address->str();
        if (!trusts(*address))
            return;
        auto const comma = rest.rfind(',');
        rest = comma == rest.npos ? std::string_view{} : rest.substr(0, comma);
    }
}

}
