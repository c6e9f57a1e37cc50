#include "people/belongings.hpp"
#include "people/store.hpp"

namespace hermod::people {

namespace {

/// One row of an address and its person: the path of every addressed send asks once.
struct ReachedRow {
    PersonId person_id;
    std::optional<std::string> name;
    AddressId id;
    std::string value;
    std::optional<AccountId> account_id;
    bool is_primary = false;
};
BOOST_DESCRIBE_STRUCT(ReachedRow, (), (person_id, name, id, value, account_id, is_primary))

/// A name from outside, cut to what a name may be; nothing where it is not text.
std::optional<std::string> usable_name(std::optional<std::string_view> name)
{
    auto const text = trim(name.value_or(""));
    auto const length = count_code_points(text);
    if (!length || *length == 0)
        return std::nullopt;
    std::string usable{text};
    if (*length > PersonName::max) {
        std::size_t points = 0;
        std::size_t end = 0;
        while (end < usable.size() && points <= PersonName::max) {
            if ((static_cast<unsigned char>(usable[end]) & 0xc0) != 0x80
                && ++points > PersonName::max)
                break;
            ++end;
        }
        usable.resize(end);
    }
    return usable;
}

}

std::optional<Reached> find_by_address(db::Tx const& tx, ParsedAddress const& address)
{
    auto row = tx.one<ReachedRow>(R"sql(
        SELECT a.person_id, p.name, a.id, a.value, a.account_id, a.is_primary
        FROM addresses a
        JOIN people p ON p.workspace_id = a.workspace_id AND p.id = a.person_id
        WHERE a.workspace_id = $1 AND a.kind = $2 AND a.match_key = $3)sql",
        address.kind, address.match_key);
    if (!row)
        return std::nullopt;
    return Reached{row->person_id, std::move(row->name),
        {row->id, address.kind, std::move(row->value), row->account_id, row->is_primary}, false};
}

static void give_name(db::Tx& tx, Reached& reached, std::string const& name)
{
    auto row = require_person(tx, reached.person);
    row.name = name;
    row.updated_at = tx.now();
    store::update_person(tx, row);
    announce_update(tx, std::move(row), Renamed::perhaps);
    reached.name = name;
}

Reached find_or_create_by_address(
    db::Tx& tx, ParsedAddress const& address, std::optional<std::string_view> name)
{
    auto const usable = usable_name(name);
    if (auto reached = find_by_address(tx, address)) {
        if (usable && !reached->name)
            give_name(tx, *reached, *usable);
        return *std::move(reached);
    }
    CreatePerson command;
    if (usable)
        command.name = PersonName{*usable};
    command.addresses.emplace().items.push_back({address.kind, {address.value}, {true}});
    auto const person = create_person(tx, command);
    return {person.id, person.name, person.addresses.front(), true};
}

}
