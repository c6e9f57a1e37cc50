#include "people/belongings.hpp"

#include "people/merge_store.hpp"
#include "people/store.hpp"

#include <algorithm>

namespace hermod::people {

std::vector<WantedAddress> parse_wanted(std::optional<List<NewAddress, 0, 20>> const& list)
{
    std::vector<WantedAddress> wanted;
    if (!list)
        return wanted;
    for (auto const& item : list->items) {
        auto const field = "addresses[" + std::to_string(wanted.size()) + "].value";
        wanted.push_back({parse_address(item.kind, item.value, field), item.primary, field});
    }
    return wanted;
}

static Given found_already(db::Tx& tx, store::AddressOfPerson const& found, PersonId const& person,
    WantedAddress const& wanted)
{
    auto const primary = wanted.primary;
    if (found.person_id != person)
        throw Problem{Errc::address_taken, {}, {{wanted.field, "belongs to another person"}}};
    auto address = store::to_address(found);
    if (!primary || address.primary)
        return {std::move(address), false};
    store::set_primary(tx, person, address.kind, address.id);
    address.primary = true;
    return {std::move(address), true};
}

Given give_address(db::Tx& tx, PersonId const& person, WantedAddress const& wanted)
{
    auto const& parsed = wanted.address;
    if (auto const found = store::find_address(tx, parsed.kind, parsed.match_key))
        return found_already(tx, *found, person, wanted);

    auto const others = store::addresses_of(tx, person);
    if (others.size() >= max_addresses)
        throw Problem{Errc::limit_reached,
            "a person has at most " + std::to_string(max_addresses) + " addresses"};
    auto const first =
        std::ranges::none_of(others, [&](auto const& other) { return other.kind == parsed.kind; });
    Address const address{
        AddressId::make(tx.now()), parsed.kind, parsed.value, {}, first || wanted.primary};
    store::insert_address(tx, person, address, parsed.match_key, tx.now());
    if (wanted.primary && !first)
        store::set_primary(tx, person, parsed.kind, address.id);
    return {address, true};
}

PersonKind kind_with(PersonKind now, bool has_external_id)
{
    if (now == PersonKind::bot || now == PersonKind::member)
        return now;
    return has_external_id ? PersonKind::user : PersonKind::contact;
}

void find_new_primary(db::Tx& tx, PersonId const& person, AddressKind kind)
{
    auto all = store::addresses_of(tx, person);
    std::erase_if(all, [&](auto const& address) { return address.kind != kind; });
    if (!all.empty() && std::ranges::none_of(all, &store::AddressOfPerson::is_primary))
        store::set_primary(tx, person, kind, all.front().id);
}

void claim_external_id(db::Tx& tx, std::string_view external_id, PersonId const& for_person)
{
    auto const owner = find_by_external_id(tx, external_id);
    if (!owner)
        return;
    if (owner->id != for_person)
        throw Problem{Errc::external_id_taken, {}, {{"external_id", "belongs to another person"}}};
    if (owner->external_id != external_id)
        store::release_external_id(tx, for_person, external_id);
}

Person announce_update(db::Tx& tx, PersonRow row, Renamed renamed)
{
    auto const id = row.id;
    PersonEvent event{with_addresses(tx, std::move(row))};
    auto const offset =
        events::append(tx, person_updated, event, {.conversation = {}, .person = id});
    if (renamed == Renamed::perhaps)
        store::note_identity(tx, id, offset);
    return std::move(event.person);
}

}
