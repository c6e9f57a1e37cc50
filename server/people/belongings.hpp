#pragma once

#include "people/store.hpp"

#include <vector>

/// What several use cases of this folder share.
namespace hermod::people {

/// One resource holds no more addresses than this.
inline constexpr std::size_t max_addresses = 50;

/// An address asked for, parsed.
struct WantedAddress {
    ParsedAddress address;
    bool primary = false;
    std::string field = "value"; ///< where the request says it
};

/// Throws the first one's problem; fields are `addresses[i].value`.
std::vector<WantedAddress> parse_wanted(std::optional<List<NewAddress, 0, 20>> const& list);

/// What the person's addresses became; `changed` where a row was written.
struct Given {
    Address address;
    bool changed = false;
};

/// Gives the person an address, the first of its kind as primary. Nothing is written where it has
/// it already. Throws address_taken where another has it, limit_reached.
Given give_address(db::Tx& tx, PersonId const& person, WantedAddress const& wanted);

/// Stores a new person with its addresses and its event; id and times are given to it.
Person add_person(db::Tx& tx, store::NewPerson person, std::vector<WantedAddress> const& wanted);

/// Makes the oldest address of its kind the primary one, where none is and there are any.
void find_new_primary(db::Tx& tx, PersonId const& person, AddressKind kind);

/// bot and member stay what they are; the others follow the external id.
PersonKind kind_with(PersonKind now, bool has_external_id);

/// Makes the external id free for this person: one that was merged into them gives it up. Throws
/// external_id_taken where another person has it.
void claim_external_id(db::Tx& tx, std::string_view external_id, PersonId const& for_person);

/// Whether those who were away are told the name anew.
enum class Renamed { no, perhaps };
/// Appends person.updated with the whole resource, and returns that.
Person announce_update(db::Tx& tx, PersonRow row, Renamed renamed = Renamed::no);

}
