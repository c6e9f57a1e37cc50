#include "people/attribute_values.hpp"
#include "people/belongings.hpp"
#include "people/merge_store.hpp"
#include "people/merge_worker.hpp"
#include "people/store.hpp"
#include "workspaces/rights.hpp"

namespace hermod::people {

namespace {

/// The two sides of a merge as their rows say, and what is between them.
struct Sides {
    PersonRow survivor;
    PersonRow other;
    store::MergeRow merge;
    store::Taken taken;
};

Sides require_sides(db::Tx const& tx, PersonId const& survivor_id, PersonId const& other_id)
{
    auto survivor = require_person(tx, survivor_id);
    auto other = store::find_own_row(tx, other_id);
    if (!other)
        throw Problem{Errc::person_not_found};
    auto merge = store::find_merge_of(tx, other_id);
    if (!merge || survivor_of(tx, other_id) != survivor.id)
        throw Problem{Errc::not_merged};
    if (merge->survivor_id != survivor.id)
        throw Problem{Errc::not_mergeable,
            "the survivor of this merge was merged into another: undo that first"};
    if (store::is_moving(tx, survivor.id, other_id))
        throw Problem{Errc::merge_in_progress};
    auto taken = read_stored_json<store::Taken>(merge->taken);
    return {std::move(survivor), *std::move(other), *std::move(merge), std::move(taken)};
}

/// Takes from the survivor what came with the other and is still as it came.
void give_back_fields(Sides& sides)
{
    auto& [survivor, other, merge, taken] = sides;
    if (taken.name && survivor.name == other.name)
        survivor.name.reset();
    if (taken.avatar && survivor.avatar_file_id == other.avatar_file_id)
        survivor.avatar_file_id.reset();
    remove_equal_attributes(survivor.attributes, other.attributes, taken.attributes);
}

/// The survivor's row must let go of the external id before the other's can have it.
void give_back_external_id(db::Tx& tx, Sides& sides)
{
    auto& [survivor, other, merge, taken] = sides;
    if (!taken.external_id)
        return;
    if (survivor.external_id == taken.external_id) {
        survivor.external_id.reset();
        survivor.kind = kind_with(survivor.kind, false);
        store::clear_external_id(tx, survivor.id);
    } else if (find_by_external_id(tx, *taken.external_id)) {
        return;
    }
    other.external_id = taken.external_id;
}

void give_back_addresses(db::Tx& tx, Sides const& sides)
{
    auto const& survivor = sides.survivor.id;
    auto const& other = sides.other.id;
    for (auto const& address : sides.taken.addresses)
        store::move_address(tx, address.id, survivor, other, address.primary);
    for (auto const kind :
        {AddressKind::phone, AddressKind::email, AddressKind::whatsapp, AddressKind::external}) {
        find_new_primary(tx, survivor, kind);
        find_new_primary(tx, other, kind);
    }
}

/// Who had been merged into the other goes with it.
void take_along(db::Tx& tx, PersonId const& other)
{
    std::vector<PersonId> open{other};
    while (!open.empty()) {
        auto const next = store::list_merged_into(tx, open.back());
        open.pop_back();
        for (auto const& alias : next) {
            store::set_merged_into(tx, alias, other);
            open.push_back(alias);
        }
    }
    store::set_merged_into(tx, other, std::nullopt);
}

}

Person unmerge_person(db::Tx& tx, MergeFollower const& follower, PersonId const& survivor_id,
    MergePerson const& command)
{
    auto sides = require_sides(tx, survivor_id, command.person_id);
    auto& [survivor, other, merge, taken] = sides;
    give_back_fields(sides);
    give_back_external_id(tx, sides);
    give_back_addresses(tx, sides);
    take_along(tx, other.id);
    other.kind = kind_with(other.kind, other.external_id.has_value());
    survivor.updated_at = other.updated_at = tx.now();
    store::update_person(tx, survivor);
    store::update_person(tx, other);

    auto const other_id = other.id;
    // Tokens of the other acted as the survivor until now: those are looked up anew.
    workspaces::note_rights_changed(tx, survivor.id.bytes());
    workspaces::note_rights_changed(tx, other_id.bytes());
    auto const aliases = store::aliases_of(tx, other_id);
    for (auto const& alias : aliases)
        workspaces::note_rights_changed(tx, alias.bytes());
    auto const survivor_of_both = survivor.id;
    announce_update(tx, std::move(survivor), Renamed::perhaps);
    PersonUnmergedEvent event{with_addresses(tx, std::move(other)), survivor_of_both, aliases};
    auto const offset =
        events::append(tx, person_unmerged, event, {.conversation = {}, .person = other_id});
    store::note_identity(tx, other_id, offset);
    store::update_undone(tx, merge.merged_offset, offset);
    merge.undone_offset = offset;
    move_some(tx, follower, merge);
    return std::move(event.person);
}

}
