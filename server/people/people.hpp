#pragma once

#include "base/codec.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "events/events.hpp"
#include "net/caller.hpp"
#include "net/request.hpp"
#include "people/address.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {
class Router;
}

namespace hermod::people {

/// What a person is: made by an API key or for a program; has a login; has an external id; else.
enum class PersonKind { bot, member, user, contact };
BOOST_DESCRIBE_ENUM(PersonKind, bot, member, user, contact)

using PersonName = Text<1, 200>;
using ExternalId = Text<1, 256>;
using Attributes = JsonObject<16384>;

/// One way to reach a person. At most one of a kind is the primary one of its person.
struct Address {
    AddressId id;
    AddressKind kind = AddressKind::phone;
    std::string value;
    std::optional<AccountId> account_id;
    bool primary = false;
};
BOOST_DESCRIBE_STRUCT(Address, (), (id, kind, value, account_id, primary))

struct Person {
    PersonId id;
    PersonKind kind = PersonKind::contact;
    std::optional<Role> role; ///< of a member
    std::optional<std::string> external_id;
    std::optional<std::string> name;
    std::optional<FileId> avatar_file_id;
    Attributes attributes;
    std::vector<Address> addresses;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(Person, (),
    (id, kind, role, external_id, name, avatar_file_id, attributes, addresses, created_at,
        updated_at))

/// A person without its addresses: one row.
struct PersonRow {
    PersonId id;
    PersonKind kind = PersonKind::contact;
    std::optional<Role> role;
    std::optional<std::string> external_id;
    std::optional<std::string> name;
    std::optional<FileId> avatar_file_id;
    Attributes attributes;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(PersonRow, (),
    (id, kind, role, external_id, name, avatar_file_id, attributes, created_at, updated_at))

// region tombstone
/// What is left of a deleted person.
struct PersonTombstone {
    PersonId id;
    Timestamp deleted_at;
};
BOOST_DESCRIBE_STRUCT(PersonTombstone, (), (id, deleted_at))
// endregion

struct PersonEvent {
    Person person;
};
BOOST_DESCRIBE_STRUCT(PersonEvent, (), (person))

struct PersonDeletedEvent {
    PersonTombstone person;
};
BOOST_DESCRIBE_STRUCT(PersonDeletedEvent, (), (person))

inline constexpr events::Type<PersonEvent> person_created{
    "person.created", "people", "A person was added."};
inline constexpr events::Type<PersonEvent> person_updated{
    "person.updated", "people", "A person or one of its addresses changed."};
// region person-deleted
inline constexpr events::Type<PersonDeletedEvent> person_deleted{
    "person.deleted", "people", "A person was deleted and what was personal is gone."};
// endregion

// For other features: synchronous, in the caller's transaction.

/// A merged person's id stands for the person it was merged into: the row's id is theirs, and what
/// is written for the person is written for the row's id. Throws person_not_found where there is
/// none, or a deleted one.
PersonRow require_person(db::Tx const& tx, PersonId const& id);
std::optional<PersonRow> find_person(db::Tx const& tx, PersonId const& id);
/// The external id of a merged person finds the one it was merged into.
std::optional<PersonRow> find_by_external_id(db::Tx const& tx, std::string_view external_id);
/// Whom they stand for, in their order. Throws person_not_found where one of them does not exist;
/// one statement per 16.
std::vector<PersonId> require_people(db::Tx const& tx, std::span<PersonId const> ids);

/// A person as one reaches them.
struct Reached {
    PersonId person;
    std::optional<std::string> name;
    Address address;
    bool created = false; ///< the person is new
};

std::optional<Reached> find_by_address(db::Tx const& tx, ParsedAddress const& address);
/// The person of an address; a contact is made (with its event) where there is none. A name is
/// given to a person that has none, and never replaces one.
Reached find_or_create_by_address(
    db::Tx& tx, ParsedAddress const& address, std::optional<std::string_view> name = std::nullopt);

/// Where to reach a person by this kind of address: the primary one.
std::optional<Address> primary_address(db::Tx const& tx, PersonId const& person, AddressKind kind);

/// Names by person; those without a name, and unknown ids, are left out.
std::map<PersonId, std::string> names_of(db::Tx const& tx, std::span<PersonId const> ids);

/// A program's person, with its event.
PersonId create_bot(db::Tx& tx, std::string_view name);
/// A login's person, with its e-mail address and its event. The address goes to nobody else: where
/// another person has it already, the member is made without.
PersonId create_member(
    db::Tx& tx, LoginId const& login, Role role, std::string_view name, ParsedAddress const& email);
/// With its event.
void change_member_role(db::Tx& tx, PersonId const& id, Role role);
/// The member becomes a user or contact, with all their history and without a login; with its
/// event.
void end_membership(db::Tx& tx, PersonId const& id);

/// The resource with its addresses.
Person with_addresses(db::Tx const& tx, PersonRow row);
std::vector<Person> with_addresses(db::Tx const& tx, std::vector<PersonRow> rows);

// Use cases.

struct NewAddress {
    AddressKind kind = AddressKind::phone;
    Text<1, 320> value;
    Or<bool, false> primary;
};
BOOST_DESCRIBE_STRUCT(NewAddress, (), (kind, value, primary))

struct CreatePerson {
    std::optional<ExternalId> external_id;
    std::optional<PersonName> name;
    std::optional<Attributes> attributes;
    std::optional<List<NewAddress, 0, 20>> addresses;
};
BOOST_DESCRIBE_STRUCT(CreatePerson, (), (external_id, name, attributes, addresses))

/// `attributes` replaces all of them; null takes away.
struct UpdatePerson {
    Patch<ExternalId> external_id;
    Patch<PersonName> name;
    Patch<Attributes> attributes;
};
BOOST_DESCRIBE_STRUCT(UpdatePerson, (), (external_id, name, attributes))

/// Left-out fields stay; addresses are added, never taken away.
struct UpsertPerson {
    Patch<PersonName> name;
    Patch<Attributes> attributes;
    std::optional<List<NewAddress, 0, 20>> addresses;
};
BOOST_DESCRIBE_STRUCT(UpsertPerson, (), (name, attributes, addresses))

/// At most one of external_id, phone and email.
struct ListPeople {
    std::optional<PersonKind> kind;
    std::optional<ExternalId> external_id;
    std::optional<Text<1, 64>> phone;
    std::optional<Text<1, 320>> email;
    net::PageLimit limit;
    std::optional<Text<1, 512>> cursor;
};
BOOST_DESCRIBE_STRUCT(ListPeople, (), (kind, external_id, phone, email, limit, cursor))

struct Upserted {
    Person person;
    bool created = false;
};

struct Deps {
    db::Database& database;
};

Task<net::Page<Person>> list_people(Deps& deps, Caller const& caller, ListPeople const& query);
Task<Person> get_person(Deps& deps, Caller const& caller, PersonId const& id);
/// In the caller's transaction, so that a route can remember its answer.
Person create_person(db::Tx& tx, CreatePerson const& command);
Task<Person> update_person(
    Deps& deps, Caller const& caller, PersonId const& id, UpdatePerson const& command);
Task<Upserted> upsert_person(
    Deps& deps, Caller const& caller, ExternalId const& external_id, UpsertPerson const& command);
/// Erases what is personal and leaves a tombstone; messages stay. Bots and members are refused
/// with not_editable: they end with their key or their membership.
Task<void> delete_person(Deps& deps, Caller const& caller, PersonId const& id);
Task<std::vector<Address>> list_addresses(Deps& deps, Caller const& caller, PersonId const& id);
Address add_address(db::Tx& tx, PersonId const& id, NewAddress const& command);
Task<void> remove_address(
    Deps& deps, Caller const& caller, PersonId const& id, AddressId const& address);

void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(Address const*);
FieldTexts field_texts(Person const*);
FieldTexts field_texts(PersonTombstone const*);
FieldTexts field_texts(PersonEvent const*);
FieldTexts field_texts(PersonDeletedEvent const*);
FieldTexts field_texts(NewAddress const*);
FieldTexts field_texts(CreatePerson const*);
FieldTexts field_texts(UpdatePerson const*);
FieldTexts field_texts(UpsertPerson const*);
FieldTexts field_texts(ListPeople const*);

}
