#include "people/attributes.hpp"
#include "people/belongings.hpp"
#include "people/store.hpp"

namespace hermod::people {

static void change(db::Tx& tx, PersonRow& row, UpdatePerson const& command)
{
    if (command.external_id.present) {
        if (command.external_id.value)
            claim_external_id(tx, *command.external_id.value, row.id);
        row.external_id = command.external_id.value
            ? std::optional{command.external_id.value->value}
            : std::nullopt;
        row.kind = kind_with(row.kind, row.external_id.has_value());
    }
    if (command.name.present)
        row.name = command.name.value ? std::optional{command.name.value->value} : std::nullopt;
    if (command.attributes.present) {
        require_valid_attributes(tx, command.attributes.value);
        row.attributes = command.attributes.value.value_or(Attributes{});
    }
}

static bool same(PersonRow const& a, PersonRow const& b)
{
    return a.external_id == b.external_id && a.name == b.name && a.attributes == b.attributes;
}

Task<Person> update_person(
    Deps& deps, Caller const& caller, PersonId const& id, UpdatePerson const& command)
{
    co_return co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto const before = require_person(tx, id);
        auto row = before;
        change(tx, row, command);
        if (same(before, row))
            return with_addresses(tx, std::move(row));
        row.updated_at = tx.now();
        store::update_person(tx, row);
        auto const renamed = row.name == before.name ? Renamed::no : Renamed::perhaps;
        return announce_update(tx, std::move(row), renamed);
    });
}

}
