#pragma once

#include "base/crypto.hpp"
#include "base/errors.hpp"
#include "base/ids.hpp"
#include "base/reflect.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace hermod {
template <std::int64_t Min, std::int64_t Max>
struct Int;
template <std::size_t MaxBytes>
struct JsonObject;
}

namespace hermod::db {

/// What both engines store. Ids are `UUID` (16 bytes), timestamps `BIGINT` microseconds, JSON
/// `TEXT`.
enum class Type : std::uint8_t { integer, real, boolean, text, bytes, uuid };

/// One bound value. A view of text, bytes or uuid lives until the call it is given to returns.
struct Param {
    Type type;
    bool is_null = false;
    std::int64_t integer = 0; ///< also boolean
    double real = 0;
    std::string_view bytes{}; ///< also text and uuid
};

/// The current row of a result; views live until the next row.
class Row {
public:
    virtual ~Row() = default;
    virtual bool is_null(int column) const = 0;
    virtual std::int64_t integer(int column) const = 0; ///< also boolean
    virtual double real(int column) const = 0;
    virtual std::string_view bytes(int column) const = 0; ///< also text and uuid
};

/// How a leaf type is bound and read. Specialise beside a new leaf type.
template <class T>
struct Column;

template <>
struct Column<std::int64_t> {
    static constexpr Type type = Type::integer;
    static Param to(std::int64_t value) { return {type, false, value}; }
    static std::int64_t from(Row const& row, int column) { return row.integer(column); }
};

template <>
struct Column<int> {
    static constexpr Type type = Type::integer;
    static Param to(int value) { return {type, false, value}; }
    static int from(Row const& row, int column) { return static_cast<int>(row.integer(column)); }
};

template <std::int64_t Min, std::int64_t Max>
struct Column<Int<Min, Max>> {
    static constexpr Type type = Type::integer;
    static Param to(Int<Min, Max> value) { return {type, false, value.value}; }
    static Int<Min, Max> from(Row const& row, int column) { return {row.integer(column)}; }
};

template <>
struct Column<double> {
    static constexpr Type type = Type::real;
    static Param to(double value) { return {type, false, 0, value}; }
    static double from(Row const& row, int column) { return row.real(column); }
};

template <>
struct Column<bool> {
    static constexpr Type type = Type::boolean;
    static Param to(bool value) { return {type, false, value ? 1 : 0}; }
    static bool from(Row const& row, int column) { return row.integer(column) != 0; }
};

template <>
struct Column<Timestamp> {
    static constexpr Type type = Type::integer;
    static Param to(Timestamp value) { return {type, false, value.us}; }
    static Timestamp from(Row const& row, int column) { return {row.integer(column)}; }
};

template <>
struct Column<std::string_view> {
    static constexpr Type type = Type::text;
    static Param to(std::string_view value) { return {type, false, 0, 0, value}; }
};

template <>
struct Column<std::string> {
    static constexpr Type type = Type::text;
    static Param to(std::string const& value) { return {type, false, 0, 0, value}; }
    static std::string from(Row const& row, int column) { return std::string{row.bytes(column)}; }
};

template <std::size_t N>
struct Column<char[N]> : Column<std::string_view> { };

template <std::size_t Min, std::size_t Max>
struct Column<Text<Min, Max>> {
    static constexpr Type type = Type::text;
    static Param to(Text<Min, Max> const& value) { return {type, false, 0, 0, value.value}; }
    static Text<Min, Max> from(Row const& row, int column)
    {
        return {std::string{row.bytes(column)}};
    }
};

template <>
struct Column<JsonText> {
    static constexpr Type type = Type::text;
    static Param to(JsonText const& value) { return {type, false, 0, 0, value.text}; }
    static JsonText from(Row const& row, int column) { return {std::string{row.bytes(column)}}; }
};

template <std::size_t MaxBytes>
struct Column<JsonObject<MaxBytes>> {
    static constexpr Type type = Type::text;
    static Param to(JsonObject<MaxBytes> const& value) { return {type, false, 0, 0, value.text}; }
    static JsonObject<MaxBytes> from(Row const& row, int column)
    {
        return {std::string{row.bytes(column)}};
    }
};

template <>
struct Column<Digest> {
    static constexpr Type type = Type::bytes;
    static Param to(Digest const& value) { return {type, false, 0, 0, as_text(value)}; }
    static Digest from(Row const& row, int column)
    {
        auto const bytes = row.bytes(column);
        Digest digest{};
        HERMOD_CHECK(bytes.size() == digest.size());
        std::copy(bytes.begin(), bytes.end(), digest.begin());
        return digest;
    }
};

template <FixedString Prefix>
struct Column<Id<Prefix>> {
    static constexpr Type type = Type::uuid;
    static Param to(Id<Prefix> const& id) { return {type, false, 0, 0, as_text(id.bytes())}; }
    static Id<Prefix> from(Row const& row, int column)
    {
        auto const bytes = row.bytes(column);
        Uuid uuid{};
        HERMOD_CHECK(bytes.size() == uuid.size());
        std::copy(bytes.begin(), bytes.end(), uuid.begin());
        return Id<Prefix>{uuid};
    }
};

/// An enum is stored as its name.
template <DescribedEnum E>
struct Column<E> {
    static constexpr Type type = Type::text;
    static Param to(E value) { return {type, false, 0, 0, to_name(value)}; }
    static E from(Row const& row, int column)
    {
        auto const value = from_name<E>(row.bytes(column));
        HERMOD_CHECK(value.has_value());
        return *value;
    }
};

template <class T>
struct Column<std::optional<T>> {
    static constexpr Type type = Column<T>::type;
    static Param to(std::optional<T> const& value)
    {
        return value ? Column<T>::to(*value) : Param{type, true};
    }
    static std::optional<T> from(Row const& row, int column)
    {
        if (row.is_null(column))
            return std::nullopt;
        return Column<T>::from(row, column);
    }
};

/// A row as `T`: a described struct field by field in order, a tuple likewise, else column 0.
template <class T>
T from_row(Row const& row)
{
    if constexpr (Described<T>) {
        T value{};
        int column = 0;
        for_each_field<T>([&]<class V>(auto, auto pointer, std::type_identity<V>) {
            value.*pointer = Column<V>::from(row, column++);
        });
        return value;
    } else if constexpr (
        requires { std::tuple_size<T>::value; } && !requires { Column<T>::type; }) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return T{Column<std::tuple_element_t<I, T>>::from(row, static_cast<int>(I))...};
        }(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else {
        return Column<T>::from(row, 0);
    }
}

/// `id, seq, text`: what `{columns}` in a statement stands for.
template <class T>
std::string_view columns_of()
{
    if constexpr (Described<T>) {
        static std::string const columns = [] {
            std::string text;
            for_each_field<T>([&](std::string_view name, auto, auto) {
                if (!text.empty())
                    text += ", ";
                text += name;
            });
            return text;
        }();
        return columns;
    } else {
        return {};
    }
}

}
