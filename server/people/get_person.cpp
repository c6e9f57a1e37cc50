#include "people/people.hpp"

namespace hermod::people {

Task<Person> get_person(Deps& deps, Caller const& caller, PersonId const& id)
{
    co_return co_await deps.database.read(caller.workspace,
        [&](db::Tx const& tx) { return with_addresses(tx, require_person(tx, id)); });
}

}
