#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hermod {

template <std::size_t N>
struct FixedString {
    consteval FixedString(char const (&text)[N]) { std::copy_n(text, N, chars); }
    constexpr std::string_view view() const { return {chars, N - 1}; }
    char chars[N]{};
};

using Uuid = std::array<std::uint8_t, 16>;

/// UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then random bits.
Uuid new_uuid_v7(Timestamp now);

/// 26 characters of lower-case Crockford base32, most significant first.
void append_base32(std::string& out, Uuid const& uuid);
std::optional<Uuid> parse_base32(std::string_view text);

/// `<prefix>_<26 base32>` on the wire, 16 bytes in memory and in the database. The default is the
/// nil id, which no row has. Order of ids is not order of creation: use seq or offset.
template <FixedString Prefix>
class Id {
public:
    static constexpr std::string_view prefix = Prefix.view();

    constexpr Id() = default;
    constexpr explicit Id(Uuid const& bytes) : bytes_(bytes) { }

    static Id make(Timestamp now) { return Id{new_uuid_v7(now)}; }

    static std::optional<Id> parse(std::string_view text)
    {
        if (!text.starts_with(prefix) || text.size() != prefix.size() + 27
            || text[prefix.size()] != '_')
            return std::nullopt;
        auto const bytes = parse_base32(text.substr(prefix.size() + 1));
        return bytes ? std::optional{Id{*bytes}} : std::nullopt;
    }

    void append_to(std::string& out) const
    {
        out.append(prefix).push_back('_');
        append_base32(out, bytes_);
    }

    std::string str() const
    {
        std::string out;
        append_to(out);
        return out;
    }

    bool is_nil() const { return bytes_ == Uuid{}; }
    Uuid const& bytes() const { return bytes_; }
    auto operator<=>(Id const&) const = default;

private:
    Uuid bytes_{};
};

using WorkspaceId = Id<"wsp">;
using LoginId = Id<"lgn">;
using SessionId = Id<"ses">;
using PersonId = Id<"per">;
using AddressId = Id<"adr">;
using ImportId = Id<"imp">;
using AccountId = Id<"acc">;
using ConversationId = Id<"cnv">;
using MessageId = Id<"msg">;
using EventId = Id<"evt">;
using WebhookId = Id<"whk">;
using DeliveryId = Id<"dlv">;
using JobId = Id<"job">;
using FileId = Id<"fil">;
using KeyId = Id<"key">;
using AuditId = Id<"aud">;

struct UuidHash {
    std::size_t operator()(Uuid const& uuid) const
    {
        std::uint64_t low = 0;
        std::copy_n(uuid.data() + 8, 8, reinterpret_cast<std::uint8_t*>(&low));
        return low;
    }
};

}

template <hermod::FixedString Prefix>
struct std::hash<hermod::Id<Prefix>> {
    std::size_t operator()(hermod::Id<Prefix> const& id) const
    {
        return hermod::UuidHash{}(id.bytes());
    }
};
