#pragma once

#include "base/errors.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "net/request.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hermod::net {

inline std::optional<std::int64_t> read_cursor_number(std::string_view text)
{
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < 0)
        return std::nullopt;
    return number;
}

/// One field of a cursor: a number that is not negative, a moment, an id or a word.
template <class Field>
std::optional<Field> read_cursor_field(std::string const& text)
{
    if constexpr (std::is_same_v<Field, std::string>) {
        return text;
    } else if constexpr (std::is_same_v<Field, std::int64_t>) {
        return read_cursor_number(text);
    } else if constexpr (std::is_same_v<Field, Timestamp>) {
        auto const us = read_cursor_number(text);
        return us ? std::optional{Timestamp{*us}} : std::nullopt;
    } else {
        return Field::parse(text);
    }
}

/// The fields that encode_cursor was given. Throws invalid_cursor where the text is not such a
/// cursor.
template <class... Fields>
std::tuple<Fields...> read_cursor(std::string_view cursor)
{
    auto const texts = decode_cursor(cursor);
    if (!texts || texts->size() != sizeof...(Fields))
        throw Problem{Errc::invalid_cursor, {}, {{"cursor", "is not one of this list"}}};
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        auto fields = std::tuple{read_cursor_field<Fields>((*texts)[I])...};
        if (!(std::get<I>(fields) && ...))
            throw Problem{Errc::invalid_cursor, {}, {{"cursor", "is not one of this list"}}};
        return std::tuple<Fields...>{*std::move(std::get<I>(fields))...};
    }(std::index_sequence_for<Fields...>{});
}

}
