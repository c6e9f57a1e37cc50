#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace hermod {

/// Code points of valid UTF-8, or nothing where the bytes are not valid UTF-8 (RFC 3629: no
/// surrogates, no overlong forms) or hold a NUL, which PostgreSQL text cannot.
std::optional<std::size_t> count_code_points(std::string_view text);

/// Text of Min to Max code points, valid UTF-8. The codec refuses anything else, so a Text that
/// came from outside is within its limits; code that builds one keeps them itself.
template <std::size_t Min, std::size_t Max>
struct Text {
    static constexpr std::size_t min = Min;
    static constexpr std::size_t max = Max;

    std::string value;

    operator std::string_view() const { return value; }
    auto operator<=>(Text const&) const = default;
};

/// One JSON value kept as its text: what a client gave us to keep and give back.
struct JsonText {
    std::string text = "null";

    auto operator<=>(JsonText const&) const = default;
};

std::string to_lower(std::string_view ascii);
std::string_view trim(std::string_view text);

}
