#include "people/store.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace hermod::people {

namespace {

constexpr std::size_t chunk_size = 16;

/// Runs `sql`, whose $2…$17 are ids, once per 16 of them; the last chunk repeats its last id.
template <class T>
std::vector<T> in_chunks(db::Tx const& tx, std::string_view sql, std::span<PersonId const> ids)
{
    std::vector<T> rows;
    for (std::size_t begin = 0; begin < ids.size(); begin += chunk_size) {
        std::array<PersonId, chunk_size> chunk;
        for (std::size_t i = 0; i < chunk_size; ++i)
            chunk[i] = ids[std::min(begin + i, ids.size() - 1)];
        auto some = std::apply([&](auto const&... id) { return tx.all<T>(sql, id...); }, chunk);
        std::ranges::move(some, std::back_inserter(rows));
    }
    return rows;
}

std::vector<PersonId> distinct(std::span<PersonId const> ids)
{
    std::vector<PersonId> sorted{ids.begin(), ids.end()};
    std::ranges::sort(sorted);
    auto const [first, last] = std::ranges::unique(sorted);
    sorted.erase(first, last);
    return sorted;
}

}

std::optional<PersonRow> find_person(db::Tx const& tx, PersonId const& id)
{
    return tx.one<PersonRow>(R"sql(
        SELECT {columns} FROM people
        WHERE workspace_id = $1 AND deleted_at IS NULL AND id = COALESCE(
            (SELECT merged_into FROM people WHERE workspace_id = $1 AND id = $2), $2))sql",
        id);
}

PersonRow require_person(db::Tx const& tx, PersonId const& id)
{
    auto row = find_person(tx, id);
    if (!row)
        throw Problem{Errc::person_not_found};
    return *std::move(row);
}

std::optional<PersonRow> find_by_external_id(db::Tx const& tx, std::string_view external_id)
{
    return tx.one<PersonRow>(R"sql(
        SELECT {columns} FROM people
        WHERE workspace_id = $1 AND id = (
            SELECT COALESCE(merged_into, id) FROM people
            WHERE workspace_id = $1 AND external_id = $2))sql",
        external_id);
}

std::vector<PersonId> require_people(db::Tx const& tx, std::span<PersonId const> ids)
{
    auto const wanted = distinct(ids);
    auto const rows = in_chunks<std::tuple<PersonId, PersonId>>(tx, R"sql(
        SELECT id, COALESCE(merged_into, id) FROM people
        WHERE workspace_id = $1 AND deleted_at IS NULL AND id IN (
            $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17))sql",
        wanted);
    if (rows.size() != wanted.size())
        throw Problem{Errc::person_not_found};
    std::map<PersonId, PersonId> meant;
    for (auto const& [id, survivor] : rows)
        meant.emplace(id, survivor);
    std::vector<PersonId> result;
    for (auto const& id : ids)
        result.push_back(meant.at(id));
    return result;
}

std::map<PersonId, std::string> names_of(db::Tx const& tx, std::span<PersonId const> ids)
{
    auto const rows = in_chunks<std::tuple<PersonId, std::string>>(tx, R"sql(
        SELECT id, name FROM people
        WHERE workspace_id = $1 AND name IS NOT NULL AND id IN (
            $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17))sql",
        distinct(ids));
    std::map<PersonId, std::string> names;
    for (auto const& [id, name] : rows)
        names.emplace(id, name);
    return names;
}

std::optional<Address> primary_address(db::Tx const& tx, PersonId const& person, AddressKind kind)
{
    auto const row = tx.one<store::AddressOfPerson>(R"sql(
        SELECT {columns} FROM addresses
        WHERE workspace_id = $1 AND person_id = $2 AND kind = $3 AND is_primary)sql",
        person, kind);
    return row ? std::optional{store::to_address(*row)} : std::nullopt;
}

static Person to_person(PersonRow row)
{
    return {row.id, row.kind, row.role, std::move(row.external_id), std::move(row.name),
        row.avatar_file_id, std::move(row.attributes), {}, row.created_at, row.updated_at};
}

Person with_addresses(db::Tx const& tx, PersonRow row)
{
    auto person = to_person(std::move(row));
    for (auto const& address : store::addresses_of(tx, person.id))
        person.addresses.push_back(store::to_address(address));
    return person;
}

std::vector<Person> with_addresses(db::Tx const& tx, std::vector<PersonRow> rows)
{
    std::vector<PersonId> ids;
    std::map<PersonId, std::size_t> place;
    std::vector<Person> people;
    for (auto& row : rows) {
        ids.push_back(row.id);
        place.emplace(row.id, people.size());
        people.push_back(to_person(std::move(row)));
    }
    auto const addresses = in_chunks<store::AddressOfPerson>(tx, R"sql(
        SELECT {columns} FROM addresses
        WHERE workspace_id = $1 AND person_id IN (
            $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        ORDER BY kind, created_at, id)sql",
        ids);
    for (auto const& address : addresses)
        people[place.at(address.person_id)].addresses.push_back(store::to_address(address));
    return people;
}

}

namespace hermod::people::store {

Address to_address(AddressOfPerson const& row)
{
    return {row.id, row.kind, row.value, row.account_id, row.is_primary};
}

void insert_person(db::Tx& tx, NewPerson const& person)
{
    auto const& row = person.row;
    tx.run(R"sql(
        INSERT INTO people (workspace_id, id, kind, is_bot, login_id, role, external_id, name,
            avatar_file_id, attributes, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))sql",
        row.id, row.kind, person.is_bot, person.login, row.role, row.external_id, row.name,
        row.avatar_file_id, row.attributes, row.created_at, row.updated_at);
}

void update_person(db::Tx& tx, PersonRow const& row)
{
    tx.run(R"sql(
        UPDATE people SET kind = $3, external_id = $4, name = $5, avatar_file_id = $6,
            attributes = $7, updated_at = $8
        WHERE workspace_id = $1 AND id = $2)sql",
        row.id, row.kind, row.external_id, row.name, row.avatar_file_id, row.attributes,
        row.updated_at);
}

void release_external_id(db::Tx& tx, PersonId const& survivor, std::string_view external_id)
{
    tx.run(R"sql(
        UPDATE people SET external_id = NULL
        WHERE workspace_id = $1 AND merged_into = $2 AND external_id = $3)sql",
        survivor, external_id);
}

void clear_external_id(db::Tx& tx, PersonId const& id)
{
    tx.run("UPDATE people SET external_id = NULL WHERE workspace_id = $1 AND id = $2", id);
}

void update_role(db::Tx& tx, PersonRow const& row)
{
    tx.run(R"sql(
        UPDATE people SET kind = $3, role = $4, updated_at = $5,
            login_id = CASE WHEN $3 = 'member' THEN login_id END
        WHERE workspace_id = $1 AND id = $2)sql",
        row.id, row.kind, row.role, row.updated_at);
}

// region erase
void erase_person(db::Tx& tx, PersonId const& id)
{
    tx.run("DELETE FROM addresses WHERE workspace_id = $1 AND person_id = $2", id);
    tx.run(R"sql(
        UPDATE people SET kind = 'contact', external_id = NULL, name = NULL, avatar_file_id = NULL,
            attributes = '{}', updated_at = $3, deleted_at = $3
        WHERE workspace_id = $1 AND id = $2)sql",
        id, tx.now());
}
// endregion

std::vector<PersonRow> list_before(db::Tx const& tx, std::optional<PersonKind> kind,
    Timestamp created_at, PersonId const& id, std::int64_t limit)
{
    if (kind) {
        return tx.all<PersonRow>(R"sql(
            SELECT {columns} FROM people
            WHERE workspace_id = $1 AND deleted_at IS NULL AND merged_into IS NULL AND kind = $2
                AND (created_at, id) < ($3, $4)
            ORDER BY created_at DESC, id DESC LIMIT $5)sql",
            *kind, created_at, id, limit);
    }
    return tx.all<PersonRow>(R"sql(
        SELECT {columns} FROM people
        WHERE workspace_id = $1 AND deleted_at IS NULL AND merged_into IS NULL
            AND (created_at, id) < ($2, $3)
        ORDER BY created_at DESC, id DESC LIMIT $4)sql",
        created_at, id, limit);
}

std::optional<AddressOfPerson> find_address(
    db::Tx const& tx, AddressKind kind, std::string_view match_key)
{
    return tx.one<AddressOfPerson>(R"sql(
        SELECT {columns} FROM addresses
        WHERE workspace_id = $1 AND kind = $2 AND match_key = $3)sql",
        kind, match_key);
}

std::vector<AddressOfPerson> addresses_of(db::Tx const& tx, PersonId const& person)
{
    return tx.all<AddressOfPerson>(R"sql(
        SELECT {columns} FROM addresses
        WHERE workspace_id = $1 AND person_id = $2
        ORDER BY kind, created_at, id)sql",
        person);
}

void insert_address(db::Tx& tx, PersonId const& person, Address const& address,
    std::string_view match_key, Timestamp created_at)
{
    tx.run(R"sql(
        INSERT INTO addresses (workspace_id, id, person_id, kind, value, match_key, account_id,
            is_primary, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql",
        address.id, person, address.kind, address.value, match_key, address.account_id,
        address.primary, created_at);
}

void delete_address(db::Tx& tx, AddressId const& id)
{
    tx.run("DELETE FROM addresses WHERE workspace_id = $1 AND id = $2", id);
}

void set_primary(db::Tx& tx, PersonId const& person, AddressKind kind, AddressId const& primary)
{
    tx.run(R"sql(
        UPDATE addresses SET is_primary = (id = $4)
        WHERE workspace_id = $1 AND person_id = $2 AND kind = $3)sql",
        person, kind, primary);
}

}
