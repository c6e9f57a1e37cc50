#pragma once

#include "people/imports.hpp"

#include <optional>
#include <string>
#include <vector>

/// SQL of imports; private to this folder.
namespace hermod::people::store {

struct ImportStateRow {
    ImportId id;
    ImportState state = ImportState::queued;
    std::string columns; ///< JSON
    OnConflict on_conflict = OnConflict::update;
    std::int64_t row_count = 0;
    std::int64_t done = 0;
    std::int64_t created = 0;
    std::int64_t updated = 0;
    std::int64_t skipped = 0;
    std::int64_t failed = 0;
    Timestamp created_at;
    std::optional<Timestamp> finished_at;
};
BOOST_DESCRIBE_STRUCT(ImportStateRow, (),
    (id, state, columns, on_conflict, row_count, done, created, updated, skipped, failed,
        created_at, finished_at))

void insert_import(db::Tx& tx, ImportStateRow const& row);
std::optional<ImportStateRow> find_import(db::Tx const& tx, ImportId const& id);
/// State, counts and finished_at.
void update_import(db::Tx& tx, ImportStateRow const& row);

struct Chunk {
    std::int64_t n = 0;
    std::string cells; ///< JSON
};
BOOST_DESCRIBE_STRUCT(Chunk, (), (n, cells))

void insert_chunk(db::Tx& tx, ImportId const& id, Chunk const& chunk);
std::optional<Chunk> find_first_chunk(db::Tx const& tx, ImportId const& id);
void delete_chunk(db::Tx& tx, ImportId const& id, std::int64_t n);

struct ErrorRow {
    std::int64_t row_number = 0;
    std::int64_t n = 0;
    std::optional<std::string> field;
    std::string message;
};
BOOST_DESCRIBE_STRUCT(ErrorRow, (), (row_number, n, field, message))

void insert_error(db::Tx& tx, ImportId const& id, ErrorRow const& row);
/// In order, after (row_number, n).
std::vector<ErrorRow> list_errors(db::Tx const& tx, ImportId const& id, std::int64_t row_number,
    std::int64_t n, std::int64_t limit);

}

namespace hermod::people {

/// The resource, with its first errors.
PersonImport to_import(db::Tx const& tx, store::ImportStateRow const& row);

}
