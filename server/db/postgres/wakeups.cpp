#include "db/postgres/wakeups.hpp"

#include <charconv>

namespace hermod::db::postgres {

static constexpr std::size_t id_size = 26;
static constexpr std::size_t longest = 7900;

std::vector<std::string> to_payloads(Uuid const& node, std::span<Committed const> wakes)
{
    std::vector<std::string> payloads;
    for (auto const& wake : wakes) {
        if (payloads.empty() || payloads.back().size() + id_size + 5 > longest)
            append_base32(payloads.emplace_back(), node);
        auto& payload = payloads.back();
        payload += ' ';
        append_base32(payload, wake.workspace.bytes());
        payload += std::to_string(wake.wakes);
    }
    return payloads;
}

std::optional<Wakeups> from_payload(std::string_view payload)
{
    auto const node = parse_base32(payload.substr(0, id_size));
    if (!node)
        return std::nullopt;
    Wakeups wakeups{*node, {}};
    payload.remove_prefix(id_size);
    while (!payload.empty()) {
        if (payload.front() != ' ' || payload.size() < id_size + 2)
            return std::nullopt;
        auto const workspace = parse_base32(payload.substr(1, id_size));
        payload.remove_prefix(1 + id_size);
        std::uint8_t wakes = 0;
        auto const [end, error] =
            std::from_chars(payload.data(), payload.data() + payload.size(), wakes);
        if (!workspace || error != std::errc{})
            return std::nullopt;
        payload.remove_prefix(static_cast<std::size_t>(end - payload.data()));
        wakeups.wakes.push_back({WorkspaceId{*workspace}, wakes});
    }
    return wakeups;
}

}
