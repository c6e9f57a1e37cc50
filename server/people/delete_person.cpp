#include "people/merge_store.hpp"
#include "people/store.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/rights.hpp"

namespace hermod::people {

static constexpr std::int64_t events_per_transaction = 200;

static PersonRow require_deletable(db::Tx const& tx, PersonId const& id)
{
    auto row = require_person(tx, id);
    if (row.kind == PersonKind::bot)
        throw Problem{Errc::not_editable, "a bot belongs to its API key"};
    if (row.kind == PersonKind::member)
        throw Problem{Errc::not_editable, "a member is removed from the workspace instead"};
    return row;
}

/// Takes what is personal out of the log, a bounded step at a time. Returns whether all is done.
static bool redact_events(db::Tx& tx, PersonRow const& row)
{
    Person left;
    left.id = row.id;
    left.created_at = left.updated_at = row.created_at;
    auto const limit = events_per_transaction;
    return events::redact(tx, row.id, person_updated, {left}, limit) < limit
        && events::redact(tx, row.id, person_created, {left}, limit) < limit
        && events::redact(tx, row.id, person_merged, {left, row.id}, limit) < limit
        && events::redact(tx, row.id, person_unmerged, {left, row.id, {}}, limit) < limit;
}

/// One step: of those who were merged into the person, then of the person. Returns whether all is
/// gone.
static bool erase_some(db::Tx& tx, PersonRow const& person)
{
    auto const aliases = store::aliases_of(tx, person.id);
    auto const row = aliases.empty() ? person : *store::find_own_row(tx, aliases.front());
    if (!redact_events(tx, row))
        return false;
    store::erase_person(tx, row.id);
    return aliases.empty();
}

// region use-case
Task<void> delete_person(Deps& deps, Caller const& caller, PersonId const& id)
{
    for (bool deleted = false; !deleted;) {
        deleted = co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
            auto const person = require_deletable(tx, id);
            if (!erase_some(tx, person))
                return false;
            workspaces::note_rights_changed(tx, person.id.bytes()); // their tokens end
            auto const offset =
                events::append(tx, person_deleted, PersonDeletedEvent{{person.id, tx.now()}},
                    {.conversation = {}, .person = person.id});
            store::note_identity(tx, person.id, offset);
            workspaces::audit(tx, caller, "person.deleted", person.id.str());
            return true;
        });
    }
}
// endregion

}
