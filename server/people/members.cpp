#include "people/belongings.hpp"
#include "people/store.hpp"

namespace hermod::people {

void change_member_role(db::Tx& tx, PersonId const& id, Role role)
{
    auto row = require_person(tx, id);
    row.role = role;
    row.updated_at = tx.now();
    store::update_role(tx, row);
    announce_update(tx, std::move(row));
}

void end_membership(db::Tx& tx, PersonId const& id)
{
    auto row = require_person(tx, id);
    row.role.reset();
    row.kind = kind_with(PersonKind::contact, row.external_id.has_value());
    row.updated_at = tx.now();
    store::update_role(tx, row);
    announce_update(tx, std::move(row));
}

}
