#pragma once

#include "people/people.hpp"

#include <optional>
#include <string>
#include <vector>

/// SQL of people and addresses; private to this folder. What others need is in people.hpp.
namespace hermod::people::store {

struct NewPerson {
    PersonRow row;
    bool is_bot = false;
    std::optional<LoginId> login;
};

struct AddressOfPerson {
    AddressId id;
    AddressKind kind = AddressKind::phone;
    std::string value;
    std::optional<AccountId> account_id;
    bool is_primary = false;
    PersonId person_id;
};
BOOST_DESCRIBE_STRUCT(AddressOfPerson, (), (id, kind, value, account_id, is_primary, person_id))

Address to_address(AddressOfPerson const& row);

void insert_person(db::Tx& tx, NewPerson const& person);
/// Writes what a use case may change: kind, external_id, name, avatar_file_id,
/// attributes, updated_at.
void update_person(db::Tx& tx, PersonRow const& row);
/// Takes an external id away from whoever was merged into `survivor`.
void release_external_id(db::Tx& tx, PersonId const& survivor, std::string_view external_id);
void clear_external_id(db::Tx& tx, PersonId const& id);
/// Kind and role; who is no member any more has no login either.
void update_role(db::Tx& tx, PersonRow const& row);
void erase_person(db::Tx& tx, PersonId const& id);

/// Newest first, strictly older than (created_at, id).
std::vector<PersonRow> list_before(db::Tx const& tx, std::optional<PersonKind> kind,
    Timestamp created_at, PersonId const& id, std::int64_t limit);

std::optional<AddressOfPerson> find_address(
    db::Tx const& tx, AddressKind kind, std::string_view match_key);
std::vector<AddressOfPerson> addresses_of(db::Tx const& tx, PersonId const& person);
void insert_address(db::Tx& tx, PersonId const& person, Address const& address,
    std::string_view match_key, Timestamp created_at);
void delete_address(db::Tx& tx, AddressId const& id);
/// Makes `primary` the only primary address of its kind.
void set_primary(db::Tx& tx, PersonId const& person, AddressKind kind, AddressId const& primary);

}
