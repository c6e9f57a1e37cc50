#include "people/attributes.hpp"
#include "people/import_plan.hpp"
#include "people/import_store.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/idempotency.hpp"

#include <charconv>

namespace hermod::people {

static constexpr std::int64_t errors_shown = 100;
/// One transaction takes so many bytes of the rows.
static constexpr std::size_t bytes_per_transaction = 256 << 10;

static ImportError to_error(store::ErrorRow const& row)
{
    return {row.row_number, row.field, row.message};
}

PersonImport to_import(db::Tx const& tx, store::ImportStateRow const& row)
{
    PersonImport import{row.id, row.state, row.row_count, row.done, row.created, row.updated,
        row.skipped, row.failed, {}, row.created_at, row.finished_at};
    if (row.failed > 0)
        for (auto const& error : store::list_errors(tx, row.id, 0, 0, errors_shown))
            import.errors.push_back(to_error(error));
    return import;
}

static PersonImport require_import(db::Tx const& tx, ImportId const& id)
{
    auto const row = store::find_import(tx, id);
    if (!row)
        throw Problem{Errc::import_not_found};
    return to_import(tx, *row);
}

/// Until the import itself is written nothing reads them.
static Task<void> store_chunks(
    Deps& deps, Caller const& caller, ImportId const& id, std::vector<std::string> const& chunks)
{
    for (std::size_t next = 0; next < chunks.size();) {
        next = co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
            auto n = next;
            for (std::size_t bytes = 0; n < chunks.size() && bytes < bytes_per_transaction; ++n) {
                bytes += chunks[n].size();
                store::insert_chunk(tx, id, {static_cast<std::int64_t>(n), chunks[n]});
            }
            return n;
        });
    }
}

static void require_declared(db::Tx const& tx, std::vector<Column> const& columns)
{
    auto const rules = attribute_rules(tx);
    std::vector<FieldError> wrong;
    for (auto const& column : columns)
        if (rules.strict && column.kind == ColumnKind::attribute
            && !rules.types.contains(column.attribute()))
            wrong.push_back(
                {"csv", "has a column for " + column.field + ", which is not declared"});
    if (!wrong.empty())
        throw Problem{Errc::invalid_body, {}, std::move(wrong)};
}

static PersonImport begin_import(db::Tx& tx, Caller const& caller, ImportId const& id,
    ImportPlan const& plan, OnConflict on_conflict)
{
    require_declared(tx, plan.columns);
    store::ImportStateRow row;
    row.id = id;
    row.columns = to_json(plan.columns);
    row.on_conflict = on_conflict;
    row.row_count = plan.rows;
    row.created_at = tx.now();
    store::insert_import(tx, row);
    workspaces::audit(
        tx, caller, "people.imported", id.str(), {{"rows", std::to_string(plan.rows)}});
    jobs::add(tx,
        {.kind = "import_people",
            .lane = jobs::Lane::campaign,
            .order_key = "import_people",
            .run_at = tx.now(),
            .payload = to_json(id)});
    return to_import(tx, row);
}

Task<PersonImport> import_people(Deps& deps, Caller const& caller, ImportPeople const& command)
{
    auto const plan = plan_import(command);
    auto const id = ImportId::make(deps.database.clock().now());
    co_await store_chunks(deps, caller, id, plan.chunks);
    co_return co_await workspaces::write_once(deps.database, caller, 202,
        [&](db::Tx& tx) { return begin_import(tx, caller, id, plan, command.on_conflict); });
}

Task<PersonImport> get_import(Deps& deps, Caller const& caller, ImportId const& id)
{
    co_return co_await deps.database.read(
        caller.workspace, [&](db::Tx const& tx) { return require_import(tx, id); });
}

namespace {

struct ErrorPosition {
    std::int64_t row = 0;
    std::int64_t n = 0;
};

std::optional<std::int64_t> number_of(std::string const& text)
{
    std::int64_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional{number}
                                                                    : std::nullopt;
}

ErrorPosition position_of(std::optional<Text<1, 512>> const& cursor)
{
    if (!cursor)
        return {};
    auto const fields = net::decode_cursor(*cursor);
    if (fields && fields->size() == 2)
        if (auto const row = number_of(fields->front()), n = number_of(fields->back()); row && n)
            return {*row, *n};
    throw Problem{Errc::invalid_cursor};
}

}

Task<net::Page<ImportError>> list_import_errors(
    Deps& deps, Caller const& caller, ImportId const& id, ListImportErrors const& query)
{
    auto const position = position_of(query.cursor);
    std::int64_t const limit = query.limit.value;
    co_return co_await deps.database.read(caller.workspace, [&](db::Tx const& tx) {
        if (!store::find_import(tx, id))
            throw Problem{Errc::import_not_found};
        net::Page<ImportError> page;
        auto rows = store::list_errors(tx, id, position.row, position.n, limit + 1);
        if (std::cmp_greater(rows.size(), limit)) {
            rows.pop_back();
            page.next = net::encode_cursor(
                {std::to_string(rows.back().row_number), std::to_string(rows.back().n)});
        }
        for (auto const& row : rows)
            page.data.push_back(to_error(row));
        return page;
    });
}

}
