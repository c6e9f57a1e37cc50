#pragma once

#include "jobs/jobs.hpp"
#include "people/people.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// People from a CSV file: read and planned with the request, worked off by a job some rows a
/// transaction, each row by itself right or wrong.
namespace hermod::people {

inline constexpr std::size_t max_import_bytes = 4 << 20;
inline constexpr std::size_t max_import_rows = 20000;

/// What becomes of a row whose person is there already.
enum class OnConflict { update, skip };
BOOST_DESCRIBE_ENUM(OnConflict, update, skip)

enum class ImportState { queued, running, done };
BOOST_DESCRIBE_ENUM(ImportState, queued, running, done)

/// What is wrong with one row, which was left out. `row` counts as a spreadsheet does: the header
/// is 1.
struct ImportError {
    std::int64_t row = 0;
    std::optional<std::string> field;
    std::string message;
};
BOOST_DESCRIBE_STRUCT(ImportError, (), (row, field, message))
FieldTexts field_texts(ImportError const*);

/// `done` of `rows` are worked off: created, updated, skipped (nothing was to be changed) or
/// failed. `errors` holds the first 100; there is a route for all of them.
struct PersonImport {
    ImportId id;
    ImportState state = ImportState::queued;
    std::int64_t rows = 0;
    std::int64_t done = 0;
    std::int64_t created = 0;
    std::int64_t updated = 0;
    std::int64_t skipped = 0;
    std::int64_t failed = 0;
    std::vector<ImportError> errors;
    Timestamp created_at;
    std::optional<Timestamp> finished_at;
};
BOOST_DESCRIBE_STRUCT(PersonImport, (),
    (id, state, rows, done, created, updated, skipped, failed, errors, created_at, finished_at))
FieldTexts field_texts(PersonImport const*);

struct ImportEvent {
    PersonImport import;
};
BOOST_DESCRIBE_STRUCT(ImportEvent, (), (import))
FieldTexts field_texts(ImportEvent const*);

inline constexpr events::Type<ImportEvent> import_finished{
    "import.finished", "people", "Every row of an import of people was worked off."};

// Use cases.

/// What one column of the file is: external_id, name, phone, email, whatsapp or
/// `attributes.<key>`; null leaves it out.
struct ImportColumn {
    Text<1, 256> column;
    std::optional<Text<1, 256>> field;
};
BOOST_DESCRIBE_STRUCT(ImportColumn, (), (column, field))
FieldTexts field_texts(ImportColumn const*);

struct ImportPeople {
    Text<1, max_import_bytes> csv;
    std::optional<List<ImportColumn, 0, 200>> mapping;
    Or<OnConflict, OnConflict::update> on_conflict;
};
BOOST_DESCRIBE_STRUCT(ImportPeople, (), (csv, mapping, on_conflict))
FieldTexts field_texts(ImportPeople const*);

struct ListImportErrors {
    net::PageLimit limit;
    std::optional<Text<1, 512>> cursor;
};
BOOST_DESCRIBE_STRUCT(ListImportErrors, (), (limit, cursor))

/// Refuses what cannot be read as a whole; what is wrong with a row is the import's to tell.
Task<PersonImport> import_people(Deps& deps, Caller const& caller, ImportPeople const& command);
Task<PersonImport> get_import(Deps& deps, Caller const& caller, ImportId const& id);
Task<net::Page<ImportError>> list_import_errors(
    Deps& deps, Caller const& caller, ImportId const& id, ListImportErrors const& query);
/// Forgets imports that were finished before `before`, and rows of requests that never ended; at
/// most `limit` rows of each. Returns how many.
std::int64_t delete_old_imports(db::Tx& tx, Timestamp before, std::int64_t limit);

/// Works off an import. A transaction takes its rows away, so nothing is done twice.
class ImportWorker final : public jobs::Worker {
public:
    explicit ImportWorker(db::Database& db) : db_(db) { }

    std::string_view kind() const override { return "import_people"; }
    Task<jobs::Ended> run(jobs::Claimed const& job) override;
    Task<jobs::Ended> recover(jobs::Claimed const& job) override { return run(job); }

private:
    db::Database& db_;
};

void add_import_routes(net::Router& router, Deps& deps);

}
