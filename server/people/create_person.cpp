#include "people/attributes.hpp"
#include "people/belongings.hpp"
#include "people/store.hpp"

namespace hermod::people {

Person add_person(db::Tx& tx, store::NewPerson person, std::vector<WantedAddress> const& wanted)
{
    auto& row = person.row;
    row.id = PersonId::make(tx.now());
    row.created_at = row.updated_at = tx.now();
    store::insert_person(tx, person);
    for (auto const& address : wanted)
        give_address(tx, row.id, address);
    PersonEvent event{with_addresses(tx, row)};
    events::append(tx, person_created, event, {.conversation = {}, .person = row.id});
    return std::move(event.person);
}

Person create_person(db::Tx& tx, CreatePerson const& command)
{
    auto const wanted = parse_wanted(command.addresses);
    require_valid_attributes(tx, command.attributes);
    store::NewPerson person;
    auto& row = person.row;
    row.kind = kind_with(PersonKind::contact, command.external_id.has_value());
    if (command.external_id) {
        claim_external_id(tx, *command.external_id, {});
        row.external_id = command.external_id->value;
    }
    if (command.name)
        row.name = command.name->value;
    row.attributes = command.attributes.value_or(Attributes{});
    return add_person(tx, std::move(person), wanted);
}

PersonId create_bot(db::Tx& tx, std::string_view name)
{
    store::NewPerson person;
    person.is_bot = true;
    person.row.kind = PersonKind::bot;
    person.row.name = name;
    return add_person(tx, std::move(person), {}).id;
}

PersonId create_member(
    db::Tx& tx, LoginId const& login, Role role, std::string_view name, ParsedAddress const& email)
{
    store::NewPerson person;
    person.login = login;
    person.row.kind = PersonKind::member;
    person.row.role = role;
    person.row.name = name;
    std::vector<WantedAddress> addresses;
    if (!store::find_address(tx, email.kind, email.match_key))
        addresses.push_back({email, true});
    return add_person(tx, std::move(person), addresses).id;
}

}
