#pragma once

#include "people/merging.hpp"

#include <optional>
#include <string>
#include <vector>

/// SQL of merges; private to this folder.
namespace hermod::people::store {

struct TakenAddress {
    AddressId id;
    bool primary = false; ///< as it was with the merged person
};
BOOST_DESCRIBE_STRUCT(TakenAddress, (), (id, primary))

/// What the survivor of a merge took over. Values are those of the merged person's row.
struct Taken {
    std::optional<std::string> external_id;
    bool name = false;
    bool avatar = false;
    std::vector<std::string> attributes; ///< keys
    std::vector<TakenAddress> addresses;
};
BOOST_DESCRIBE_STRUCT(Taken, (), (external_id, name, avatar, attributes, addresses))

struct MergeRow {
    std::int64_t merged_offset = 0;
    PersonId merged_id;
    PersonId survivor_id;
    std::string taken;
    bool moving = false;
    std::optional<std::int64_t> undone_offset;
};
BOOST_DESCRIBE_STRUCT(
    MergeRow, (), (merged_offset, merged_id, survivor_id, taken, moving, undone_offset))

void insert_merge(db::Tx& tx, MergeRow const& row);
std::optional<MergeRow> find_merge(db::Tx const& tx, std::int64_t merged_offset);
/// The one that is in force.
std::optional<MergeRow> find_merge_of(db::Tx const& tx, PersonId const& merged);
std::vector<PersonId> list_merged_into(db::Tx const& tx, PersonId const& survivor);
/// Whether a merge of one of the two, or its undoing, still moves conversations.
bool is_moving(db::Tx const& tx, PersonId const& a, PersonId const& b);
void update_undone(db::Tx& tx, std::int64_t merged_offset, std::int64_t undone_offset);
void update_moving(db::Tx& tx, std::int64_t merged_offset, bool moving);

/// The row itself, also of an alias.
std::optional<PersonRow> find_own_row(db::Tx const& tx, PersonId const& id);
/// Those whose ids stand for `survivor`, but the deleted ones.
std::vector<PersonId> aliases_of(db::Tx const& tx, PersonId const& survivor);
/// `person`, and who stands for it, become aliases of `survivor`.
void make_alias(db::Tx& tx, PersonId const& person, PersonId const& survivor);
/// A person of their own, or an alias of another.
void set_merged_into(db::Tx& tx, PersonId const& person, std::optional<PersonId> const& survivor);
/// After the event at `offset`: `person`, and who stands for them, are somebody else now, or are
/// called otherwise.
void note_identity(db::Tx& tx, PersonId const& person, std::int64_t offset);
void move_address(
    db::Tx& tx, AddressId const& address, PersonId const& from, PersonId const& to, bool primary);

}
