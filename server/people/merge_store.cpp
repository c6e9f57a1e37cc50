#include "people/merge_store.hpp"

namespace hermod::people {

PersonId survivor_of(db::Tx const& tx, PersonId const& id)
{
    return tx
        .one<PersonId>(R"sql(
            SELECT COALESCE(merged_into, id) FROM people WHERE workspace_id = $1 AND id = $2)sql",
            id)
        .value_or(id);
}

std::vector<PersonId> ids_of(db::Tx const& tx, PersonId const& person)
{
    auto ids = tx.all<PersonId>(
        "SELECT id FROM people WHERE workspace_id = $1 AND merged_into = $2", person);
    ids.push_back(person);
    return ids;
}

}

namespace hermod::people::store {

void insert_merge(db::Tx& tx, MergeRow const& row)
{
    tx.run(R"sql(
        INSERT INTO person_merges (workspace_id, merged_offset, merged_id, survivor_id, taken,
            moving, undone_offset)
        VALUES ($1, $2, $3, $4, $5, $6, NULL))sql",
        row.merged_offset, row.merged_id, row.survivor_id, row.taken, row.moving);
}

std::optional<MergeRow> find_merge(db::Tx const& tx, std::int64_t merged_offset)
{
    return tx.one<MergeRow>(R"sql(
        SELECT {columns} FROM person_merges WHERE workspace_id = $1 AND merged_offset = $2)sql",
        merged_offset);
}

std::optional<MergeRow> find_merge_of(db::Tx const& tx, PersonId const& merged)
{
    return tx.one<MergeRow>(R"sql(
        SELECT {columns} FROM person_merges
        WHERE workspace_id = $1 AND merged_id = $2 AND undone_offset IS NULL)sql",
        merged);
}

std::vector<PersonId> list_merged_into(db::Tx const& tx, PersonId const& survivor)
{
    return tx.all<PersonId>(R"sql(
        SELECT merged_id FROM person_merges
        WHERE workspace_id = $1 AND survivor_id = $2 AND undone_offset IS NULL)sql",
        survivor);
}

bool is_moving(db::Tx const& tx, PersonId const& a, PersonId const& b)
{
    return tx
        .one<PersonId>(R"sql(
            SELECT merged_id FROM person_merges
            WHERE workspace_id = $1 AND moving
                AND (merged_id IN ($2, $3) OR survivor_id IN ($2, $3)) LIMIT 1)sql",
            a, b)
        .has_value();
}

void update_undone(db::Tx& tx, std::int64_t merged_offset, std::int64_t undone_offset)
{
    tx.run(R"sql(
        UPDATE person_merges SET undone_offset = $3
        WHERE workspace_id = $1 AND merged_offset = $2)sql",
        merged_offset, undone_offset);
}

void update_moving(db::Tx& tx, std::int64_t merged_offset, bool moving)
{
    tx.run(R"sql(
        UPDATE person_merges SET moving = $3 WHERE workspace_id = $1 AND merged_offset = $2)sql",
        merged_offset, moving);
}

std::optional<PersonRow> find_own_row(db::Tx const& tx, PersonId const& id)
{
    return tx.one<PersonRow>(R"sql(
        SELECT {columns} FROM people
        WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL)sql",
        id);
}

std::vector<PersonId> aliases_of(db::Tx const& tx, PersonId const& survivor)
{
    return tx.all<PersonId>(R"sql(
        SELECT id FROM people
        WHERE workspace_id = $1 AND merged_into = $2 AND deleted_at IS NULL)sql",
        survivor);
}

void make_alias(db::Tx& tx, PersonId const& person, PersonId const& survivor)
{
    tx.run(R"sql(
        UPDATE people SET merged_into = $3
        WHERE workspace_id = $1 AND (id = $2 OR merged_into = $2))sql",
        person, survivor);
}

void set_merged_into(db::Tx& tx, PersonId const& person, std::optional<PersonId> const& survivor)
{
    tx.run(
        "UPDATE people SET merged_into = $3 WHERE workspace_id = $1 AND id = $2", person, survivor);
}

void note_identity(db::Tx& tx, PersonId const& person, std::int64_t offset)
{
    tx.run(R"sql(
        UPDATE people SET identity_offset = $3
        WHERE workspace_id = $1 AND (id = $2 OR merged_into = $2))sql",
        person, offset);
}

void move_address(
    db::Tx& tx, AddressId const& address, PersonId const& from, PersonId const& to, bool primary)
{
    tx.run(R"sql(
        UPDATE addresses SET person_id = $4, is_primary = $5
        WHERE workspace_id = $1 AND id = $2 AND person_id = $3)sql",
        address, from, to, primary);
}

}
