#pragma once

#include "people/imports.hpp"

#include <string>
#include <vector>

/// What a file says before any of it is written; private to this folder.
namespace hermod::people {

enum class ColumnKind { ignored, external_id, name, phone, email, whatsapp, attribute };
BOOST_DESCRIBE_ENUM(ColumnKind, ignored, external_id, name, phone, email, whatsapp, attribute)

struct Column {
    ColumnKind kind = ColumnKind::ignored;
    std::string field; ///< as errors name it: `phone`, `attributes.plan`

    std::string_view attribute() const
    {
        return std::string_view{field}.substr(std::string_view{"attributes."}.size());
    }
};
BOOST_DESCRIBE_STRUCT(Column, (), (kind, field))

struct ImportRow {
    std::int64_t row = 0;
    std::vector<std::string> cells; ///< not checked: their number may be another than the columns'
};
BOOST_DESCRIBE_STRUCT(ImportRow, (), (row, cells))

struct ImportPlan {
    std::vector<Column> columns;
    std::vector<std::string> chunks; ///< JSON lists of ImportRow, each for one transaction
    std::int64_t rows = 0;
};

/// Throws invalid_body for a text that cannot be read or columns that are not known, limit_reached
/// for too many rows.
ImportPlan plan_import(ImportPeople const& command);

}
