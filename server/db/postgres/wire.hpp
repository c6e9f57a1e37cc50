#pragma once

#include "db/column.hpp"
#include "db/postgres/statement.hpp"

#include <cstddef>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <span>
#include <string_view>

// libpq-fe.h stays in the .cpp files of this folder.
struct pg_result;

namespace hermod::db::postgres {

/// Memory that lives until its batch has ended.
using Arena = std::pmr::monotonic_buffer_resource;

/// The parameters of one statement as they go over the wire, in an Arena.
struct Encoded {
    std::span<char const* const> values; ///< nullptr: NULL
    std::span<int const> lengths;
    std::size_t hash = 0; ///< of the values

    std::size_t size() const { return values.size(); }
    bool is_null(std::size_t i) const { return values[i] == nullptr; }
    std::string_view at(std::size_t i) const
    {
        return {values[i], static_cast<std::size_t>(lengths[i])};
    }
    bool operator==(Encoded const& other) const;
};

Encoded encode(std::span<Param const> params, Arena& arena);

struct ResultDeleter {
    void operator()(pg_result* result) const;
};
using Result = std::unique_ptr<pg_result, ResultDeleter>;
using SharedResult = std::shared_ptr<pg_result>;

/// Gives each row of a binary result to `sink`.
void for_each_row(pg_result const* result, RowSink sink);
std::int64_t affected_rows(pg_result* result);
/// Column 0 of row 0 as an integer; 0 where there is no row.
std::int64_t first_integer(pg_result const* result);
std::string first_text(pg_result const* result);

}
