#include "people/import_plan.hpp"

#include "people/csv.hpp"

#include <algorithm>
#include <map>

namespace hermod::people {

/// A row costs a handful of statements, and a λ stays short.
static constexpr std::size_t rows_per_chunk = 25;

namespace {

Problem wrong(std::string field, std::string message)
{
    return Problem{Errc::invalid_body, {}, {{std::move(field), std::move(message)}}};
}

Problem wrong_record(CsvReader const& reader, std::string const& message)
{
    return wrong("csv", "row " + std::to_string(reader.number()) + ' ' + message);
}

/// The column that a field's name stands for, if any.
std::optional<Column> column_of(std::string_view field)
{
    static constexpr std::string_view prefix = "attributes.";
    if (field.starts_with(prefix) && field.size() > prefix.size())
        return Column{ColumnKind::attribute, std::string{field}};
    auto const kind = from_name<ColumnKind>(field);
    if (!kind || *kind == ColumnKind::ignored || *kind == ColumnKind::attribute)
        return std::nullopt;
    return Column{*kind, std::string{field}};
}

constexpr auto known_fields =
    "must be external_id, name, phone, email, whatsapp or attributes.<key>";

using Mapping = std::map<std::string, Column, std::less<>>;

Mapping mapping_of(ImportPeople const& command, CsvReader::Record const& header)
{
    Mapping mapping;
    if (!command.mapping)
        return mapping;
    std::size_t index = 0;
    for (auto const& [name, field] : command.mapping->items) {
        auto const at = "mapping[" + std::to_string(index++) + "]";
        if (std::ranges::find(header, name.value) == header.end())
            throw wrong(at + ".column", "is no column of the file");
        auto const column = field ? column_of(field->value) : Column{};
        if (!column)
            throw wrong(at + ".field", known_fields);
        if (!mapping.emplace(name.value, *column).second)
            throw wrong(at + ".column", "is mapped twice");
    }
    return mapping;
}

/// A person has several addresses of a kind, but one of everything else.
void require_once(std::vector<Column> const& columns, Column const& column)
{
    auto const repeats = std::ranges::find(columns, column.field, &Column::field) != columns.end();
    auto const once = column.kind == ColumnKind::external_id || column.kind == ColumnKind::name
        || column.kind == ColumnKind::attribute;
    if (once && repeats)
        throw wrong("csv", "has two columns for " + column.field);
}

std::vector<Column> columns_of(ImportPeople const& command, CsvReader::Record header)
{
    for (auto& name : header)
        name = trim(name);
    auto const mapping = mapping_of(command, header);
    std::vector<Column> columns;
    for (auto const& name : header) {
        auto const mapped = mapping.find(name);
        auto column = mapped != mapping.end() ? std::optional{mapped->second} : column_of(name);
        if (!column)
            column = column_of(to_lower(name));
        if (!column)
            throw wrong("csv",
                "has the column \"" + name.substr(0, 64)
                    + "\", which is not known: name it in mapping");
        require_once(columns, *column);
        columns.push_back(*std::move(column));
    }
    return columns;
}

CsvReader::Record read_header(CsvReader& reader)
{
    auto header = reader.next();
    if (!header)
        throw wrong_record(reader, header.error());
    if (!*header)
        throw wrong("csv", "has no header");
    return **std::move(header);
}

void require_identity(std::vector<Column> const& columns)
{
    auto const identifies = [](Column const& column) {
        return column.kind == ColumnKind::external_id || column.kind == ColumnKind::phone
            || column.kind == ColumnKind::email || column.kind == ColumnKind::whatsapp;
    };
    if (std::ranges::none_of(columns, identifies))
        throw wrong("csv", "needs a column external_id, phone, email or whatsapp");
}

}

ImportPlan plan_import(ImportPeople const& command)
{
    if (command.csv.value.size() > max_import_bytes)
        throw wrong("csv", "must be at most " + std::to_string(max_import_bytes) + " bytes");
    CsvReader reader{command.csv};
    ImportPlan plan;
    plan.columns = columns_of(command, read_header(reader));
    require_identity(plan.columns);
    std::vector<ImportRow> chunk;
    auto const end_chunk = [&] {
        if (!chunk.empty())
            plan.chunks.push_back(to_json(chunk));
        chunk.clear();
    };
    for (;;) {
        auto record = reader.next();
        if (!record)
            throw wrong_record(reader, record.error());
        if (!*record)
            break;
        if (++plan.rows > static_cast<std::int64_t>(max_import_rows))
            throw Problem{Errc::limit_reached,
                "an import has at most " + std::to_string(max_import_rows) + " rows"};
        chunk.push_back({static_cast<std::int64_t>(reader.number()), **std::move(record)});
        if (chunk.size() == rows_per_chunk)
            end_chunk();
    }
    end_chunk();
    if (plan.rows == 0)
        throw wrong("csv", "has no row after the header");
    return plan;
}

}
