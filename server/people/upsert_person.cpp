#include "people/attributes.hpp"
#include "people/belongings.hpp"
#include "people/store.hpp"

namespace hermod::people {

static Upserted create(db::Tx& tx, ExternalId const& external_id, UpsertPerson const& command)
{
    return {create_person(
                tx, {external_id, command.name.value, command.attributes.value, command.addresses}),
        true};
}

static Upserted update(db::Tx& tx, PersonRow row, UpsertPerson const& command)
{
    auto const before = row;
    if (command.name.present)
        row.name = command.name.value ? std::optional{command.name.value->value} : std::nullopt;
    if (command.attributes.present) {
        require_valid_attributes(tx, command.attributes.value);
        row.attributes = command.attributes.value.value_or(Attributes{});
    }
    bool changed = row.name != before.name || !(row.attributes == before.attributes);
    for (auto const& wanted : parse_wanted(command.addresses))
        changed |= give_address(tx, row.id, wanted).changed;
    if (!changed)
        return {with_addresses(tx, std::move(row)), false};
    row.updated_at = tx.now();
    store::update_person(tx, row);
    auto const renamed = row.name == before.name ? Renamed::no : Renamed::perhaps;
    return {announce_update(tx, std::move(row), renamed), false};
}

Task<Upserted> upsert_person(
    Deps& deps, Caller const& caller, ExternalId const& external_id, UpsertPerson const& command)
{
    co_return co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto row = find_by_external_id(tx, external_id);
        return row ? update(tx, *std::move(row), command) : create(tx, external_id, command);
    });
}

}
