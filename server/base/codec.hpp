#pragma once

#include "base/field_errors.hpp"
#include "base/ids.hpp"
#include "base/reflect.hpp"
#include "base/schemas.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod {

/// A field of a PATCH body: left out, set to null, or set to a value.
template <class T>
struct Patch {
    bool present = false;
    std::optional<T> value;
};

/// A request field with a default, which the schema shows.
template <class T, auto Default>
struct Or {
    T value = T{Default};
    operator T const&() const { return value; }
    bool operator==(Or const&) const = default;
};

/// A whole number within bounds.
template <std::int64_t Min, std::int64_t Max>
struct Int {
    std::int64_t value = Min;
    operator std::int64_t() const { return value; }
    auto operator<=>(Int const&) const = default;
};

/// A list with bounds on its length.
template <class T, std::size_t Min, std::size_t Max>
struct List {
    std::vector<T> items;
};

/// A JSON object of the client's, at most MaxBytes as text, given back as it came.
template <std::size_t MaxBytes>
struct JsonObject {
    std::string text = "{}";
    bool operator==(JsonObject const&) const = default;
};

/// How a type is written to JSON, read from it and described. Specialise for a leaf type.
template <class T>
struct Codec;

void append_json_string(std::string& out, std::string_view text);
std::string json_to_text(json::value const& value);

template <class T>
std::string to_json(T const& value)
{
    std::string out;
    Codec<T>::write(out, value);
    return out;
}

/// The text parsed into `arena`'s memory. Refuses what is not JSON (RFC 8259), not UTF-8, or deeper
/// than 32.
class JsonArena {
public:
    JsonArena();
    ~JsonArena();
    JsonArena(JsonArena const&) = delete;
    JsonArena& operator=(JsonArena const&) = delete;
    std::expected<json::value, Problem> parse(std::string_view text);

private:
    struct Resource;
    alignas(16) unsigned char buffer_[4096];
    alignas(16) unsigned char resource_[128];
};

/// A request body as `T`; never throws for bad input, which an attacker can send fast.
template <class T>
std::expected<T, Problem> read_json(std::string_view text)
{
    JsonArena arena;
    auto const parsed = arena.parse(text);
    if (!parsed)
        return std::unexpected(parsed.error());
    T value{};
    FieldErrors errors;
    if (!Codec<T>::read(value, *parsed, errors))
        return std::unexpected(Problem{Errc::invalid_body, {}, errors.take()});
    return value;
}

/// What we wrote ourselves; a failure is a bug or a damaged row.
template <class T>
T read_stored_json(std::string_view text)
{
    auto result = read_json<T>(text);
    if (!result)
        throw Problem{Errc::internal, "stored JSON does not fit its type"};
    return *std::move(result);
}

inline bool refuse(FieldErrors& errors, std::string message)
{
    errors.add(std::move(message));
    return false;
}

template <>
struct Codec<bool> {
    static void write(std::string& out, bool value) { out += value ? "true" : "false"; }
    static bool read(bool& out, json::value const& value, FieldErrors& errors)
    {
        if (!value.is_bool())
            return refuse(errors, "must be true or false");
        out = value.get_bool();
        return true;
    }
    static json::object schema(Schemas&) { return {{"type", "boolean"}}; }
};

bool read_integer(std::int64_t& out, json::value const& value, std::int64_t min, std::int64_t max,
    FieldErrors& errors);

inline void append_integer(std::string& out, std::int64_t value)
{
    char text[20];
    out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
}

template <>
struct Codec<std::int64_t> {
    static void write(std::string& out, std::int64_t value) { append_integer(out, value); }
    static bool read(std::int64_t& out, json::value const& value, FieldErrors& errors)
    {
        using Limits = std::numeric_limits<std::int64_t>;
        return read_integer(out, value, Limits::min(), Limits::max(), errors);
    }
    static json::object schema(Schemas&) { return {{"type", "integer"}}; }
};

template <>
struct Codec<int> {
    static void write(std::string& out, int value) { append_integer(out, value); }
    static bool read(int& out, json::value const& value, FieldErrors& errors)
    {
        std::int64_t wide = 0;
        using Limits = std::numeric_limits<int>;
        if (!read_integer(wide, value, Limits::min(), Limits::max(), errors))
            return false;
        out = static_cast<int>(wide);
        return true;
    }
    static json::object schema(Schemas&) { return {{"type", "integer"}}; }
};

template <std::int64_t Min, std::int64_t Max>
struct Codec<Int<Min, Max>> {
    static void write(std::string& out, Int<Min, Max> value) { append_integer(out, value.value); }
    static bool read(Int<Min, Max>& out, json::value const& value, FieldErrors& errors)
    {
        return read_integer(out.value, value, Min, Max, errors);
    }
    static json::object schema(Schemas&)
    {
        return {{"type", "integer"}, {"minimum", Min}, {"maximum", Max}};
    }
};

bool read_text(std::string& out, json::value const& value, std::size_t min, std::size_t max,
    FieldErrors& errors);

template <>
struct Codec<std::string> {
    static void write(std::string& out, std::string const& value)
    {
        append_json_string(out, value);
    }
    static bool read(std::string& out, json::value const& value, FieldErrors& errors)
    {
        return read_text(out, value, 0, 65536, errors);
    }
    static json::object schema(Schemas&) { return {{"type", "string"}}; }
};

template <std::size_t Min, std::size_t Max>
struct Codec<Text<Min, Max>> {
    static void write(std::string& out, Text<Min, Max> const& text)
    {
        append_json_string(out, text.value);
    }
    static bool read(Text<Min, Max>& out, json::value const& value, FieldErrors& errors)
    {
        return read_text(out.value, value, Min, Max, errors);
    }
    static json::object schema(Schemas&)
    {
        return {{"type", "string"}, {"minLength", Min}, {"maxLength", Max}};
    }
};

template <>
struct Codec<Timestamp> {
    static void write(std::string& out, Timestamp time)
    {
        out.push_back('"');
        append_rfc3339(out, time);
        out.push_back('"');
    }
    static bool read(Timestamp& out, json::value const& value, FieldErrors& errors);
    static json::object schema(Schemas&) { return {{"type", "string"}, {"format", "date-time"}}; }
};

template <FixedString Prefix>
struct Codec<Id<Prefix>> {
    static void write(std::string& out, Id<Prefix> const& id)
    {
        out.push_back('"');
        id.append_to(out);
        out.push_back('"');
    }
    static bool read(Id<Prefix>& out, json::value const& value, FieldErrors& errors)
    {
        auto const id = value.is_string() ? Id<Prefix>::parse(value.get_string()) : std::nullopt;
        if (!id)
            return refuse(
                errors, "must be an id that begins with " + std::string{Prefix.view()} + "_");
        out = *id;
        return true;
    }
    static json::object schema(Schemas&)
    {
        return {{"type", "string"},
            {"pattern", "^" + std::string{Prefix.view()} + "_[0-7][0-9a-hjkmnp-tv-z]{25}$"}};
    }
};

template <>
struct Codec<JsonText> {
    static void write(std::string& out, JsonText const& value) { out += value.text; }
    static bool read(JsonText& out, json::value const& value, FieldErrors&)
    {
        out.text = json_to_text(value);
        return true;
    }
    static json::object schema(Schemas&) { return {}; }
};

template <std::size_t MaxBytes>
struct Codec<JsonObject<MaxBytes>> {
    static void write(std::string& out, JsonObject<MaxBytes> const& value) { out += value.text; }
    static bool read(JsonObject<MaxBytes>& out, json::value const& value, FieldErrors& errors)
    {
        if (!value.is_object())
            return refuse(errors, "must be an object");
        out.text = json_to_text(value);
        if (out.text.size() > MaxBytes)
            return refuse(errors, "must be at most " + std::to_string(MaxBytes) + " bytes of JSON");
        return true;
    }
    static json::object schema(Schemas&)
    {
        return {{"type", "object"}, {"additionalProperties", true}};
    }
};

template <class T>
struct Codec<std::vector<T>> {
    static void write(std::string& out, std::vector<T> const& items)
    {
        out.push_back('[');
        for (auto const& item : items) {
            if (&item != items.data())
                out.push_back(',');
            Codec<T>::write(out, item);
        }
        out.push_back(']');
    }
    static bool read(std::vector<T>& out, json::value const& value, FieldErrors& errors)
    {
        if (!value.is_array())
            return refuse(errors, "must be a list");
        bool good = true;
        for (auto const& element : value.get_array()) {
            FieldErrors::Scope const scope{errors, out.size()};
            good &= Codec<T>::read(out.emplace_back(), element, errors);
        }
        return good;
    }
    static json::object schema(Schemas& schemas)
    {
        return {{"type", "array"}, {"items", Codec<T>::schema(schemas)}};
    }
};

template <class T, std::size_t Min, std::size_t Max>
struct Codec<List<T, Min, Max>> {
    static void write(std::string& out, List<T, Min, Max> const& list)
    {
        Codec<std::vector<T>>::write(out, list.items);
    }
    static bool read(List<T, Min, Max>& out, json::value const& value, FieldErrors& errors)
    {
        if (value.is_array() && (value.get_array().size() < Min || value.get_array().size() > Max))
            return refuse(errors,
                "must have " + std::to_string(Min) + " to " + std::to_string(Max) + " items");
        return Codec<std::vector<T>>::read(out.items, value, errors);
    }
    static json::object schema(Schemas& schemas)
    {
        auto object = Codec<std::vector<T>>::schema(schemas);
        object["minItems"] = Min;
        object["maxItems"] = Max;
        return object;
    }
};

json::object nullable(json::object schema);

template <class T>
struct Codec<std::optional<T>> {
    static void write(std::string& out, std::optional<T> const& value)
    {
        if (value)
            Codec<T>::write(out, *value);
        else
            out += "null";
    }
    static bool read(std::optional<T>& out, json::value const& value, FieldErrors& errors)
    {
        if (value.is_null()) {
            out.reset();
            return true;
        }
        return Codec<T>::read(out.emplace(), value, errors);
    }
    static json::object schema(Schemas& schemas) { return nullable(Codec<T>::schema(schemas)); }
};

template <class T>
struct Codec<Patch<T>> {
    static void write(std::string& out, Patch<T> const& patch)
    {
        Codec<std::optional<T>>::write(out, patch.value);
    }
    static bool read(Patch<T>& out, json::value const& value, FieldErrors& errors)
    {
        out.present = true;
        return Codec<std::optional<T>>::read(out.value, value, errors);
    }
    static json::object schema(Schemas& schemas) { return nullable(Codec<T>::schema(schemas)); }
};

template <class T, auto Default>
struct Codec<Or<T, Default>> {
    static void write(std::string& out, Or<T, Default> const& field)
    {
        Codec<T>::write(out, field.value);
    }
    static bool read(Or<T, Default>& out, json::value const& value, FieldErrors& errors)
    {
        return Codec<T>::read(out.value, value, errors);
    }
    static json::object schema(Schemas& schemas)
    {
        auto object = Codec<T>::schema(schemas);
        if constexpr (DescribedEnum<T>)
            object["default"] = to_name(T{Default});
        else if constexpr (std::is_same_v<T, bool>)
            object["default"] = Default;
        else
            object["default"] = static_cast<std::int64_t>(T{Default});
        return object;
    }
};

template <DescribedEnum E>
struct Codec<E> {
    static void write(std::string& out, E value) { append_json_string(out, to_name(value)); }
    static bool read(E& out, json::value const& value, FieldErrors& errors)
    {
        auto const found = value.is_string() ? from_name<E>(value.get_string()) : std::nullopt;
        if (!found)
            return refuse(errors, "must be one of " + names(", "));
        out = *found;
        return true;
    }
    static json::object schema(Schemas&)
    {
        json::array values;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
            [&](auto enumerator) { values.emplace_back(enumerator_name(enumerator)); });
        return {{"type", "string"}, {"enum", std::move(values)}};
    }
    static std::string names(std::string_view separator)
    {
        std::string out;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto enumerator) {
            if (!out.empty())
                out += separator;
            out += enumerator_name(enumerator);
        });
        return out;
    }
};

template <class T>
constexpr bool may_be_left_out = is_optional<T>;
template <class T>
constexpr bool may_be_left_out<Patch<T>> = true;
template <class T, auto Default>
constexpr bool may_be_left_out<Or<T, Default>> = true;

template <Described T>
struct Codec<T> {
    static void write(std::string& out, T const& value)
    {
        out.push_back('{');
        bool first = true;
        for_each_field<T>([&]<class V>(std::string_view name, auto pointer, std::type_identity<V>) {
            if (!first)
                out.push_back(',');
            first = false;
            out.push_back('"');
            out += name;
            out += "\":";
            Codec<V>::write(out, value.*pointer);
        });
        out.push_back('}');
    }

    static bool read(T& out, json::value const& value, FieldErrors& errors)
    {
        if (!value.is_object())
            return refuse(errors, "must be an object");
        auto const& object = value.get_object();
        bool good = true;
        std::size_t known = 0;
        for_each_field<T>([&]<class V>(std::string_view name, auto pointer, std::type_identity<V>) {
            FieldErrors::Scope const scope{errors, name};
            if (auto const* field = object.if_contains(name)) {
                ++known;
                good &= Codec<V>::read(out.*pointer, *field, errors);
            } else if constexpr (!may_be_left_out<V>) {
                good = refuse(errors, "is required");
            }
        });
        if (known != object.size())
            good = refuse_unknown(object, errors);
        return good;
    }

    static json::object schema(Schemas& schemas)
    {
        json::object properties;
        json::array required;
        for_each_field<T>([&]<class V>(std::string_view name, auto, std::type_identity<V>) {
            properties.emplace(name, Codec<V>::schema(schemas));
            if (schemas.direction == Schemas::Direction::out || !may_be_left_out<V>)
                required.emplace_back(name);
        });
        return schemas.define_object(
            type_name<T>(), std::move(properties), std::move(required), texts_of<T>());
    }

private:
    static bool refuse_unknown(json::object const& object, FieldErrors& errors)
    {
        for (auto const& member : object) {
            bool found = false;
            for_each_field<T>(
                [&](std::string_view name, auto, auto) { found |= name == member.key(); });
            if (!found) {
                FieldErrors::Scope const scope{errors, member.key()};
                errors.add("is not a known field");
            }
        }
        return false;
    }
};

}
