#pragma once

#include "base/reflect.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hermod {

namespace json = boost::json;

/// What the API's document says of a field; code stands between backticks.
struct FieldText {
    std::string_view field;
    std::string_view text;
};
using FieldTexts = std::span<FieldText const>;

/// A struct's texts, checked where they are compiled: each names a field, none twice.
template <Described T, std::size_t N>
consteval std::array<FieldText, N> describe(FieldText const (&texts)[N])
{
    for (auto const& entry : texts) {
        bool known = false;
        for_each_field<T>([&](std::string_view name, auto, auto) { known |= name == entry.field; });
        auto const same = [&](FieldText const& other) { return other.field == entry.field; };
        if (!known || entry.text.empty() || std::ranges::count_if(texts, same) != 1)
            throw "a text must name a field of its struct, once, and say something";
    }
    return std::to_array(texts);
}

/// The texts of a struct beside which `FieldTexts field_texts(T const*)` is declared, else none.
template <class T>
FieldTexts texts_of()
{
    if constexpr (requires { field_texts(static_cast<T const*>(nullptr)); })
        return field_texts(static_cast<T const*>(nullptr));
    else
        return {};
}
std::string_view text_of(FieldTexts texts, std::string_view field); ///< empty where there is none

/// The named schemas of one document. A request's optional field may be left out; an answer's is
/// always there, possibly null: hence the two directions. Describe the answers first: where a
/// request's schema differs from the answer's of the same name, it becomes `<name>Input`.
class Schemas {
public:
    enum class Direction { in, out };

    Direction direction = Direction::out;
    json::object components;

    /// Puts `schema` under `name` unless it is there and returns the name it has, for `reference`.
    /// Two different schemas of one name and direction are a bug.
    std::string define(std::string_view name, json::object schema);
    static json::object reference(std::string_view name);
    /// Defines a closed object, its properties described by `texts`; returns the reference to it.
    json::object define_object(
        std::string_view name, json::object properties, json::array required, FieldTexts texts);
};

}
