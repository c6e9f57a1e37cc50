#include "people/import_row.hpp"
#include "people/import_store.hpp"

namespace hermod::people {

static void count(store::ImportStateRow& import, RowOutcome outcome)
{
    ++import.done;
    switch (outcome) {
    case RowOutcome::created:
        ++import.created;
        return;
    case RowOutcome::updated:
        ++import.updated;
        return;
    case RowOutcome::skipped:
        ++import.skipped;
        return;
    case RowOutcome::failed:
        ++import.failed;
        return;
    }
}

static void write_errors(db::Tx& tx, ImportId const& id, std::vector<ImportError> const& errors)
{
    std::int64_t n = 0;
    for (auto const& error : errors)
        store::insert_error(tx, id, {error.row, ++n, error.field, error.message});
}

/// The rows of one chunk, which goes with the same transaction.
static void work_off(db::Tx& tx, store::ImportStateRow& import, store::Chunk const& chunk)
{
    auto const columns = read_stored_json<std::vector<Column>>(import.columns);
    auto const rules = attribute_rules(tx);
    for (auto const& row : read_stored_json<std::vector<ImportRow>>(chunk.cells)) {
        std::vector<ImportError> errors;
        count(import, import_row(tx, columns, rules, import.on_conflict, row, errors));
        write_errors(tx, import.id, errors);
    }
    import.state = ImportState::running;
    store::update_import(tx, import);
    store::delete_chunk(tx, import.id, chunk.n);
}

static void finish(db::Tx& tx, store::ImportStateRow& import)
{
    import.state = ImportState::done;
    import.finished_at = tx.now();
    store::update_import(tx, import);
    events::append(tx, import_finished, {to_import(tx, import)});
}

/// Returns whether the import is done.
static bool step(db::Tx& tx, ImportId const& id)
{
    auto import = store::find_import(tx, id);
    if (!import || import->state == ImportState::done)
        return true;
    if (auto const chunk = store::find_first_chunk(tx, id)) {
        work_off(tx, *import, *chunk);
        return false;
    }
    finish(tx, *import);
    return true;
}

Task<jobs::Ended> ImportWorker::run(jobs::Claimed const& job)
{
    auto const id = read_stored_json<ImportId>(job.payload);
    for (;;) {
        auto const ended =
            co_await db_.write(job.workspace, [&](db::Tx& tx) -> std::optional<jobs::Ended> {
                if (!step(tx, id))
                    return std::nullopt;
                return jobs::complete(tx, job);
            });
        if (ended)
            co_return *ended;
    }
}

}
