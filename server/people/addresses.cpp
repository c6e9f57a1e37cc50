#include "people/belongings.hpp"
#include "people/store.hpp"

#include <algorithm>

namespace hermod::people {

Task<std::vector<Address>> list_addresses(Deps& deps, Caller const& caller, PersonId const& id)
{
    co_return co_await deps.database.read(caller.workspace,
        [&](db::Tx const& tx) { return with_addresses(tx, require_person(tx, id)).addresses; });
}

static void touch(db::Tx& tx, PersonRow row)
{
    row.updated_at = tx.now();
    store::update_person(tx, row);
    announce_update(tx, std::move(row));
}

Address add_address(db::Tx& tx, PersonId const& id, NewAddress const& command)
{
    auto row = require_person(tx, id);
    auto const given =
        give_address(tx, row.id, {parse_address(command.kind, command.value), command.primary});
    if (given.changed)
        touch(tx, std::move(row));
    return given.address;
}

static void remove(db::Tx& tx, PersonId const& id, AddressId const& address)
{
    auto row = require_person(tx, id);
    auto const all = store::addresses_of(tx, row.id);
    auto const found = std::ranges::find(all, address, &store::AddressOfPerson::id);
    if (found == all.end())
        throw Problem{Errc::address_not_found};
    store::delete_address(tx, address);
    if (found->is_primary)
        find_new_primary(tx, row.id, found->kind);
    touch(tx, std::move(row));
}

Task<void> remove_address(
    Deps& deps, Caller const& caller, PersonId const& id, AddressId const& address)
{
    co_await deps.database.write(caller.workspace, [&](db::Tx& tx) { remove(tx, id, address); });
}

}
