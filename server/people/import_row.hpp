#pragma once

#include "people/attributes.hpp"
#include "people/import_plan.hpp"

#include <vector>

namespace hermod::people {

enum class RowOutcome { created, updated, skipped, failed };

/// Writes one row, or nothing of it, and says in `errors` why not.
RowOutcome import_row(db::Tx& tx, std::vector<Column> const& columns, AttributeRules const& rules,
    OnConflict on_conflict, ImportRow const& row, std::vector<ImportError>& errors);

}
