#include "db/postgres/wire.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string>

namespace hermod::db::postgres {

template <class Integer>
static Integer load_big_endian(char const* bytes)
{
    Integer value;
    std::memcpy(&value, bytes, sizeof value);
    return std::byteswap(value);
}

static std::uint64_t swapped(std::uint64_t value)
{
    return __builtin_bswap64(value);
}

bool Encoded::operator==(Encoded const& other) const
{
    if (size() != other.size())
        return false;
    for (std::size_t i = 0; i < size(); ++i) {
        if (is_null(i) != other.is_null(i) || (!is_null(i) && at(i) != other.at(i)))
            return false;
    }
    return true;
}

static char* copy_into(Arena& arena, void const* bytes, std::size_t size)
{
    // Never nullptr, which would mean NULL.
    auto* const memory = static_cast<char*>(arena.allocate(size + 1, 1));
    if (size != 0)
        std::memcpy(memory, bytes, size);
    return memory;
}

Encoded encode(std::span<Param const> params, Arena& arena)
{
    auto const count = params.size();
    auto* const values =
        static_cast<char const**>(arena.allocate(count * sizeof(char*) + 1, alignof(char*)));
    auto* const lengths = static_cast<int*>(arena.allocate(count * sizeof(int) + 1, alignof(int)));
    std::size_t hash = count;
    for (std::size_t i = 0; i < count; ++i) {
        auto const& param = params[i];
        values[i] = nullptr;
        lengths[i] = 0;
        if (param.is_null) {
            hash = hash * 31 + 7;
            continue;
        }
        std::uint64_t number = 0;
        std::string_view bytes;
        switch (param.type) {
        case Type::integer:
            number = swapped(static_cast<std::uint64_t>(param.integer));
            bytes = {reinterpret_cast<char const*>(&number), sizeof number};
            break;
        case Type::real:
            number = swapped(std::bit_cast<std::uint64_t>(param.real));
            bytes = {reinterpret_cast<char const*>(&number), sizeof number};
            break;
        case Type::boolean:
            number = param.integer != 0 ? 1 : 0;
            bytes = {reinterpret_cast<char const*>(&number), 1};
            break;
        case Type::text:
        case Type::bytes:
        case Type::uuid:
            bytes = param.bytes;
            break;
        }
        values[i] = copy_into(arena, bytes.data(), bytes.size());
        lengths[i] = static_cast<int>(bytes.size());
        hash = hash * 31 + std::hash<std::string_view>{}(bytes);
    }
    return {{values, count}, {lengths, count}, hash};
}

void ResultDeleter::operator()(pg_result* result) const
{
    PQclear(result);
}

/// The server's decimal: groups of four digits, the first worth 10000^weight.
class Decimal {
public:
    explicit Decimal(std::string_view bytes) : bytes_(bytes) { }

    /// sum(bigint) and the like; what stands behind the point is left out.
    std::int64_t whole() const
    {
        std::int64_t value = 0;
        for (int i = 0; i <= weight(); ++i)
            value = value * 10'000 + group(i);
        return negative() ? -value : value;
    }

    double real() const
    {
        double value = 0;
        for (int i = 0; i < groups(); ++i)
            value += group(i) * std::pow(10'000.0, weight() - i);
        return negative() ? -value : value;
    }

private:
    std::int16_t word(int i) const { return load_big_endian<std::int16_t>(bytes_.data() + 2 * i); }
    int groups() const { return word(0); }
    int weight() const { return word(1); }
    bool negative() const { return word(2) != 0; }
    int group(int i) const { return i < groups() ? word(4 + i) : 0; }

    std::string_view bytes_;
};

namespace {
class ResultRow final : public Row {
public:
    explicit ResultRow(pg_result const* result) : result_(result) { }

    void go_to(int row) { row_ = row; }

    bool is_null(int column) const override { return PQgetisnull(result_, row_, column) != 0; }

    std::int64_t integer(int column) const override
    {
        auto const* const bytes = PQgetvalue(result_, row_, column);
        switch (PQftype(result_, column)) {
        case 20:
            return load_big_endian<std::int64_t>(bytes);
        case 23:
        case 26:
            return load_big_endian<std::int32_t>(bytes);
        case 21:
            return load_big_endian<std::int16_t>(bytes);
        case 16:
            return bytes[0] != 0 ? 1 : 0;
        case 1700:
            return Decimal{this->bytes(column)}.whole();
        default:
            throw wrong_type(column, "an integer");
        }
    }

    double real(int column) const override
    {
        auto const* const bytes = PQgetvalue(result_, row_, column);
        switch (PQftype(result_, column)) {
        case 701:
            return std::bit_cast<double>(load_big_endian<std::uint64_t>(bytes));
        case 700:
            return static_cast<double>(std::bit_cast<float>(load_big_endian<std::uint32_t>(bytes)));
        case 1700:
            return Decimal{this->bytes(column)}.real();
        default:
            return static_cast<double>(integer(column));
        }
    }

    std::string_view bytes(int column) const override
    {
        return {PQgetvalue(result_, row_, column),
            static_cast<std::size_t>(PQgetlength(result_, row_, column))};
    }

private:
    std::logic_error wrong_type(int column, char const* wanted) const
    {
        return std::logic_error{std::string{"column "} + PQfname(result_, column) + " is not "
            + wanted + " but of type " + std::to_string(PQftype(result_, column))};
    }

    pg_result const* result_;
    int row_ = 0;
};
}

void for_each_row(pg_result const* result, RowSink sink)
{
    ResultRow row{result};
    for (int i = 0, count = PQntuples(result); i < count; ++i) {
        row.go_to(i);
        sink(row);
    }
}

std::int64_t affected_rows(pg_result* result)
{
    std::string_view const text{PQcmdTuples(result)};
    std::int64_t count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
}

std::int64_t first_integer(pg_result const* result)
{
    std::int64_t value = 0;
    bool first = true;
    for_each_row(result, [&](Row const& row) {
        if (std::exchange(first, false) && !row.is_null(0))
            value = row.integer(0);
    });
    return value;
}

std::string first_text(pg_result const* result)
{
    if (PQntuples(result) == 0)
        return {};
    return {PQgetvalue(result, 0, 0), static_cast<std::size_t>(PQgetlength(result, 0, 0))};
}

}
