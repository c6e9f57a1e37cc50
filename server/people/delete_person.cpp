#include "people/store.hpp"

namespace hermod::people {

// region use-case
Task<void> delete_person(Deps& deps, Caller const& caller, PersonId const& id)
{
    co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto const row = require_person(tx, id);
        if (row.kind == PersonKind::bot)
            throw Problem{Errc::not_editable, "a bot belongs to its API key"};
        if (row.kind == PersonKind::member)
            throw Problem{Errc::not_editable, "a member is removed from the workspace instead"};
        store::erase_person(tx, id);
        events::append(tx, person_deleted, PersonDeletedEvent{{id, tx.now()}},
            {.conversation = {}, .person = id});
    });
}
// endregion

}
