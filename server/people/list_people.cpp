#include "net/cursor.hpp"
#include "people/phone.hpp"
#include "people/store.hpp"

#include <limits>

namespace hermod::people {

namespace {

/// Created at, id; the newest first.
using Position = std::tuple<Timestamp, PersonId>;

Position read_position(std::optional<Text<1, 512>> const& cursor)
{
    return cursor ? net::read_cursor<Timestamp, PersonId>(*cursor)
                  : Position{Timestamp{std::numeric_limits<std::int64_t>::max()}, PersonId{}};
}

Problem wrong_query(std::string field, std::string message)
{
    return Problem{Errc::invalid_query, {}, {{std::move(field), std::move(message)}}};
}

/// A `+` that was not escaped arrives as a space, or not at all.
std::string phone_from_query(std::string_view text)
{
    text = trim(text);
    return text.starts_with('+') ? std::string{text} : '+' + std::string{text};
}

/// The address asked for, where the query asks for one.
std::optional<ParsedAddress> read_wanted(ListPeople const& query)
{
    if (query.external_id.has_value() + query.phone.has_value() + query.email.has_value() > 1)
        throw wrong_query(query.email ? "email" : "phone",
            "cannot be combined with another of external_id, phone and email");
    try {
        if (query.phone)
            return parse_address(AddressKind::phone, phone_from_query(*query.phone), "phone");
        if (query.email)
            return parse_address(AddressKind::email, *query.email, "email");
    } catch (Problem& problem) {
        problem.code = Errc::invalid_query;
        throw;
    }
    return std::nullopt;
}

std::optional<PersonRow> find_wanted(
    db::Tx const& tx, ListPeople const& query, std::optional<ParsedAddress> const& wanted)
{
    if (!wanted)
        return find_by_external_id(tx, *query.external_id);
    auto const found = store::find_address(tx, wanted->kind, wanted->match_key);
    return found ? find_person(tx, found->person_id) : std::nullopt;
}

}

Task<net::Page<Person>> list_people(Deps& deps, Caller const& caller, ListPeople const& query)
{
    auto const position = read_position(query.cursor);
    auto const wanted = read_wanted(query);
    co_return co_await deps.database.read(caller.workspace, [&](db::Tx const& tx) {
        net::Page<Person> page;
        if (wanted || query.external_id) {
            auto row = find_wanted(tx, query, wanted);
            if (row && (!query.kind || row->kind == *query.kind))
                page.data.push_back(with_addresses(tx, *std::move(row)));
            return page;
        }
        std::int64_t const limit = query.limit.value;
        // One more than asked for tells whether there is a next page.
        auto rows = store::list_before(
            tx, query.kind, std::get<Timestamp>(position), std::get<PersonId>(position), limit + 1);
        if (std::cmp_greater(rows.size(), limit)) {
            rows.pop_back();
            page.next = net::encode_cursor(
                {std::to_string(rows.back().created_at.us), rows.back().id.str()});
        }
        page.data = with_addresses(tx, std::move(rows));
        return page;
    });
}

}
