#include "people/attribute_values.hpp"
#include "people/belongings.hpp"
#include "people/merge_store.hpp"
#include "people/merge_worker.hpp"
#include "people/store.hpp"
#include "workspaces/rights.hpp"

#include <algorithm>

namespace hermod::people {

/// One person stands for at most so many others.
static constexpr std::size_t most_aliases = 100;

static void require_mergeable(PersonRow const& survivor, PersonRow const& other)
{
    if (survivor.kind == PersonKind::bot || other.kind == PersonKind::bot)
        throw Problem{Errc::not_mergeable, "a bot is nobody else"};
    if (other.kind != PersonKind::member)
        return;
    throw Problem{Errc::not_mergeable,
        survivor.kind == PersonKind::member
            ? "two members have a login each"
            : "a member keeps their login: merge the other person into them"};
}

/// The survivor keeps what they have; what they lack comes from the other.
static void take_fields(PersonRow& survivor, PersonRow const& other, store::Taken& taken)
{
    if (!survivor.name && other.name) {
        survivor.name = other.name;
        taken.name = true;
    }
    if (!survivor.avatar_file_id && other.avatar_file_id) {
        survivor.avatar_file_id = other.avatar_file_id;
        taken.avatar = true;
    }
    auto added = add_missing_attributes(survivor.attributes, other.attributes);
    if (!added)
        throw Problem{Errc::limit_reached, "the attributes of both are too much for one person"};
    taken.attributes = *std::move(added);
}

/// A second external id stays with its row, and finds the survivor all the same.
static void take_external_id(
    db::Tx& tx, PersonRow& survivor, PersonRow const& other, store::Taken& taken)
{
    if (survivor.external_id || !other.external_id)
        return;
    store::clear_external_id(tx, other.id);
    survivor.external_id = taken.external_id = other.external_id;
    survivor.kind = kind_with(survivor.kind, true);
}

static void take_addresses(
    db::Tx& tx, PersonId const& survivor, PersonId const& other, store::Taken& taken)
{
    auto const own = store::addresses_of(tx, survivor);
    auto const theirs = store::addresses_of(tx, other);
    if (own.size() + theirs.size() > max_addresses)
        throw Problem{Errc::limit_reached,
            "a person has at most " + std::to_string(max_addresses) + " addresses"};
    for (auto const& address : theirs) {
        auto const first =
            std::ranges::none_of(own, [&](auto const& mine) { return mine.kind == address.kind; });
        taken.addresses.push_back({address.id, address.is_primary});
        store::move_address(tx, address.id, other, survivor, first && address.is_primary);
    }
}

static void require_settled(db::Tx const& tx, PersonId const& a, PersonId const& b)
{
    if (store::is_moving(tx, a, b))
        throw Problem{Errc::merge_in_progress};
}

Person merge_people(db::Tx& tx, MergeFollower const& follower, PersonId const& survivor_id,
    MergePerson const& command)
{
    auto survivor = require_person(tx, survivor_id);
    if (survivor_id == command.person_id)
        throw Problem{Errc::invalid_body, {}, {{"person_id", "must be another person"}}};
    auto const other = require_person(tx, command.person_id);
    if (survivor.id == other.id)
        return with_addresses(tx, std::move(survivor));
    require_mergeable(survivor, other);
    require_settled(tx, survivor.id, other.id);
    auto const aliases =
        store::aliases_of(tx, survivor.id).size() + store::aliases_of(tx, other.id).size();
    if (aliases >= most_aliases)
        throw Problem{Errc::limit_reached,
            "a person is made of at most " + std::to_string(most_aliases + 1) + " others"};

    store::Taken taken;
    take_fields(survivor, other, taken);
    take_external_id(tx, survivor, other, taken);
    take_addresses(tx, survivor.id, other.id, taken);
    survivor.updated_at = tx.now();
    store::update_person(tx, survivor);
    // Tokens of those who are aliases from now on act as the survivor.
    workspaces::note_rights_changed(tx, other.id.bytes());
    for (auto const& alias : store::aliases_of(tx, other.id))
        workspaces::note_rights_changed(tx, alias.bytes());
    store::make_alias(tx, other.id, survivor.id);

    auto const id = survivor.id;
    PersonMergedEvent event{with_addresses(tx, std::move(survivor)), other.id};
    auto const offset =
        events::append(tx, person_merged, event, {.conversation = {}, .person = id});
    store::note_identity(tx, id, offset);
    store::insert_merge(tx, {offset, other.id, id, to_json(taken), false, {}});
    move_some(tx, follower, {offset, other.id, id, {}, false, {}});
    return std::move(event.person);
}

}
