#include "people/store.hpp"

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
    PersonEvent left;
    left.person.id = row.id;
    left.person.created_at = left.person.updated_at = row.created_at;
    auto const limit = events_per_transaction;
    return events::redact(tx, row.id, person_updated, left, limit) < limit
        && events::redact(tx, row.id, person_created, left, limit) < limit;
}

// region use-case
Task<void> delete_person(Deps& deps, Caller const& caller, PersonId const& id)
{
    for (bool deleted = false; !deleted;) {
        deleted = co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
            auto const row = require_deletable(tx, id);
            if (!redact_events(tx, row))
                return false;
            store::erase_person(tx, id);
            events::append(tx, person_deleted, PersonDeletedEvent{{id, tx.now()}},
                {.conversation = {}, .person = id});
            return true;
        });
    }
}
// endregion

}
