#include "people/import_store.hpp"

#include <algorithm>

namespace hermod::people::store {

void insert_import(db::Tx& tx, ImportStateRow const& row)
{
    tx.run(R"sql(
        INSERT INTO person_imports (workspace_id, id, state, columns, on_conflict, row_count, done,
            created, updated, skipped, failed, created_at, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0, $7, NULL))sql",
        row.id, row.state, row.columns, row.on_conflict, row.row_count, row.created_at);
}

std::optional<ImportStateRow> find_import(db::Tx const& tx, ImportId const& id)
{
    return tx.one<ImportStateRow>(
        "SELECT {columns} FROM person_imports WHERE workspace_id = $1 AND id = $2", id);
}

void update_import(db::Tx& tx, ImportStateRow const& row)
{
    tx.run(R"sql(
        UPDATE person_imports SET state = $3, done = $4, created = $5, updated = $6, skipped = $7,
            failed = $8, finished_at = $9
        WHERE workspace_id = $1 AND id = $2)sql",
        row.id, row.state, row.done, row.created, row.updated, row.skipped, row.failed,
        row.finished_at);
}

void insert_chunk(db::Tx& tx, ImportId const& id, Chunk const& chunk)
{
    tx.run(R"sql(
        INSERT INTO person_import_chunks (workspace_id, import_id, n, cells, created_at)
        VALUES ($1, $2, $3, $4, $5))sql",
        id, chunk.n, chunk.cells, tx.now());
}

std::optional<Chunk> find_first_chunk(db::Tx const& tx, ImportId const& id)
{
    return tx.one<Chunk>(R"sql(
        SELECT {columns} FROM person_import_chunks
        WHERE workspace_id = $1 AND import_id = $2 ORDER BY n LIMIT 1)sql",
        id);
}

void delete_chunk(db::Tx& tx, ImportId const& id, std::int64_t n)
{
    tx.run(R"sql(
        DELETE FROM person_import_chunks WHERE workspace_id = $1 AND import_id = $2 AND n = $3)sql",
        id, n);
}

void insert_error(db::Tx& tx, ImportId const& id, ErrorRow const& row)
{
    tx.run(R"sql(
        INSERT INTO person_import_errors (workspace_id, import_id, row_number, n, field, message)
        VALUES ($1, $2, $3, $4, $5, $6))sql",
        id, row.row_number, row.n, row.field, row.message);
}

std::vector<ErrorRow> list_errors(db::Tx const& tx, ImportId const& id, std::int64_t row_number,
    std::int64_t n, std::int64_t limit)
{
    return tx.all<ErrorRow>(R"sql(
        SELECT {columns} FROM person_import_errors
        WHERE workspace_id = $1 AND import_id = $2 AND (row_number, n) > ($3, $4)
        ORDER BY row_number, n LIMIT $5)sql",
        id, row_number, n, limit);
}

/// Errors before the import they belong to, so that a sweep that is cut short finds them again.
static std::int64_t delete_finished(db::Tx& tx, Timestamp before, std::int64_t limit)
{
    auto const oldest = tx.one<ImportId>(R"sql(
        SELECT id FROM person_imports
        WHERE workspace_id = $1 AND finished_at < $2 ORDER BY finished_at LIMIT 1)sql",
        before);
    if (!oldest)
        return 0;
    auto const errors = tx.run_counted(R"sql(
        DELETE FROM person_import_errors
        WHERE workspace_id = $1 AND import_id = $2 AND (row_number, n) IN (
            SELECT row_number, n FROM person_import_errors
            WHERE workspace_id = $1 AND import_id = $2 LIMIT $3))sql",
        *oldest, limit);
    if (errors < limit)
        tx.run("DELETE FROM person_imports WHERE workspace_id = $1 AND id = $2", *oldest);
    return limit; // there may be another
}

/// What a request left that never came to its end: rows without an import.
static std::int64_t delete_orphans(db::Tx& tx, Timestamp before, std::int64_t limit)
{
    return tx.run_counted(R"sql(
        DELETE FROM person_import_chunks WHERE workspace_id = $1 AND (import_id, n) IN (
            SELECT c.import_id, c.n FROM person_import_chunks c
            WHERE c.workspace_id = $1 AND c.created_at < $2 AND NOT EXISTS (
                SELECT 1 FROM person_imports i
                WHERE i.workspace_id = $1 AND i.id = c.import_id)
            LIMIT $3))sql",
        before, limit);
}

}

namespace hermod::people {

std::int64_t delete_old_imports(db::Tx& tx, Timestamp before, std::int64_t limit)
{
    return std::max(store::delete_finished(tx, before, limit),
        store::delete_orphans(tx, tx.now() - std::chrono::hours{24}, limit));
}

}
