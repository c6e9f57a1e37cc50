#include "people/import_row.hpp"

#include "people/attribute_values.hpp"
#include "people/belongings.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace hermod::people {

namespace {

struct AddressCell {
    ParsedAddress address;
    std::string field;
};

/// A row as it was understood.
struct Wanted {
    std::optional<std::string> external_id;
    std::optional<std::string> name;
    std::vector<AddressCell> addresses;
    json::object attributes;
    std::size_t new_addresses = 0; ///< that nobody has yet
};

/// Collects what is wrong with one row.
class RowErrors {
public:
    RowErrors(std::vector<ImportError>& errors, std::int64_t row)
        : errors_(&errors), before_(errors.size()), row_(row)
    {
    }
    void add(std::optional<std::string> field, std::string message)
    {
        errors_->push_back({row_, std::move(field), std::move(message)});
    }
    bool any() const { return errors_->size() > before_; }

private:
    std::vector<ImportError>* errors_;
    std::size_t before_;
    std::int64_t row_;
};

std::optional<std::string> checked_text(
    std::string_view cell, std::size_t most, Column const& column, RowErrors& errors)
{
    if (count_code_points(cell).value_or(most + 1) <= most)
        return std::string{cell};
    errors.add(column.field, "must have at most " + std::to_string(most) + " characters");
    return std::nullopt;
}

void read_address_cell(AddressKind kind, std::string_view cell, Column const& column,
    Wanted& wanted, RowErrors& errors)
{
    auto address = read_address(kind, cell, column.field);
    if (address)
        wanted.addresses.push_back({*std::move(address), column.field});
    else
        errors.add(column.field, address.error().fields.front().message);
}

std::optional<json::value> read_number(std::string_view cell)
{
    double number = 0;
    auto const [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    if (error != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(number))
        return std::nullopt;
    std::int64_t whole = 0;
    auto const [whole_end, no_whole] =
        std::from_chars(cell.data(), cell.data() + cell.size(), whole);
    if (no_whole == std::errc{} && whole_end == cell.data() + cell.size())
        return json::value(whole);
    return json::value(number);
}

std::optional<json::value> read_boolean(std::string_view cell)
{
    auto const word = to_lower(cell);
    if (word == "true" || word == "yes" || word == "1")
        return json::value(true);
    if (word == "false" || word == "no" || word == "0")
        return json::value(false);
    return std::nullopt;
}

json::value read_list(std::string_view cell)
{
    json::array list;
    for (;;) {
        auto const bar = cell.find('|');
        auto const item = trim(cell.substr(0, bar));
        if (!item.empty())
            list.emplace_back(item);
        if (bar == std::string_view::npos)
            return list;
        cell.remove_prefix(bar + 1);
    }
}

/// What does not look like its type stays text, for `misfit` to refuse.
json::value value_of(AttributeType type, std::string_view cell)
{
    switch (type) {
    case AttributeType::number:
        return read_number(cell).value_or(json::value(cell));
    case AttributeType::boolean:
        return read_boolean(cell).value_or(json::value(cell));
    case AttributeType::list:
        return read_list(cell);
    case AttributeType::text:
    case AttributeType::date:
        break;
    }
    return json::value(cell);
}

void read_attribute(std::string_view cell, Column const& column, AttributeRules const& rules,
    Wanted& wanted, RowErrors& errors)
{
    auto const declared = rules.types.find(column.attribute());
    if (declared == rules.types.end() && rules.strict) {
        errors.add(column.field, "is not declared");
        return;
    }
    auto const type = declared == rules.types.end() ? AttributeType::text : declared->second;
    auto value = value_of(type, cell);
    if (auto wrong = misfit(type, value))
        errors.add(column.field, *std::move(wrong));
    else
        wanted.attributes[column.attribute()] = std::move(value);
}

void read_cell(std::string_view cell, Column const& column, AttributeRules const& rules,
    Wanted& wanted, RowErrors& errors)
{
    switch (column.kind) {
    case ColumnKind::ignored:
        return;
    case ColumnKind::external_id:
        wanted.external_id = checked_text(cell, ExternalId::max, column, errors);
        return;
    case ColumnKind::name:
        wanted.name = checked_text(cell, PersonName::max, column, errors);
        return;
    case ColumnKind::phone:
        return read_address_cell(AddressKind::phone, cell, column, wanted, errors);
    case ColumnKind::email:
        return read_address_cell(AddressKind::email, cell, column, wanted, errors);
    case ColumnKind::whatsapp:
        return read_address_cell(AddressKind::whatsapp, cell, column, wanted, errors);
    case ColumnKind::attribute:
        return read_attribute(cell, column, rules, wanted, errors);
    }
}

/// An empty cell says nothing.
Wanted read_row(std::vector<Column> const& columns, AttributeRules const& rules,
    ImportRow const& row, RowErrors& errors)
{
    Wanted wanted;
    if (row.cells.size() != columns.size()) {
        errors.add({},
            "has " + std::to_string(row.cells.size()) + " fields; the header has "
                + std::to_string(columns.size()));
        return wanted;
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
        auto const cell = trim(row.cells[i]);
        if (!cell.empty())
            read_cell(cell, columns[i], rules, wanted, errors);
    }
    if (!errors.any() && !wanted.external_id && wanted.addresses.empty())
        errors.add({}, "needs an external_id or an address");
    // A phone finds a person before an e-mail address does.
    // By kind, and within one in the order of the columns.
    auto const kind_of = [](AddressCell const& cell) { return cell.address.kind; };
    auto const first = wanted.addresses.begin();
    for (auto next = first; next != wanted.addresses.end(); ++next)
        std::rotate(
            std::ranges::upper_bound(first, next, kind_of(*next), {}, kind_of), next, next + 1);
    return wanted;
}

/// Who the row is about: by external id, else by its first address that somebody has.
std::optional<PersonRow> find_target(db::Tx const& tx, Wanted& wanted, RowErrors& errors)
{
    auto target = wanted.external_id ? find_by_external_id(tx, *wanted.external_id) : std::nullopt;
    auto const by_external_id = target.has_value();
    for (auto const& cell : wanted.addresses) {
        auto const found = store::find_address(tx, cell.address.kind, cell.address.match_key);
        if (!found)
            ++wanted.new_addresses;
        else if (!target)
            target = find_person(tx, found->person_id);
        else if (found->person_id != target->id)
            errors.add(cell.field, "belongs to another person");
    }
    if (target && !by_external_id && wanted.external_id && target->external_id)
        errors.add("external_id", "is another than that of the person who has this address");
    return target;
}

std::vector<WantedAddress> given_addresses(Wanted const& wanted)
{
    std::vector<WantedAddress> addresses;
    for (auto const& cell : wanted.addresses)
        addresses.push_back({cell.address, false});
    return addresses;
}

RowOutcome create(db::Tx& tx, Wanted const& wanted, RowErrors& errors)
{
    store::NewPerson person;
    auto& row = person.row;
    row.kind = kind_with(PersonKind::contact, wanted.external_id.has_value());
    row.external_id = wanted.external_id;
    row.name = wanted.name;
    if (!set_attributes(row.attributes, wanted.attributes)) {
        errors.add({}, "has attributes of more than 16384 bytes");
        return RowOutcome::failed;
    }
    add_person(tx, std::move(person), given_addresses(wanted));
    return RowOutcome::created;
}

/// Whether the person has room for the addresses that are new to them.
bool has_room(db::Tx const& tx, PersonRow const& row, Wanted const& wanted)
{
    return wanted.new_addresses == 0
        || store::addresses_of(tx, row.id).size() + wanted.new_addresses <= max_addresses;
}

RowOutcome update(db::Tx& tx, PersonRow row, Wanted const& wanted, RowErrors& errors)
{
    auto const before = row;
    if (!set_attributes(row.attributes, wanted.attributes))
        errors.add({}, "leaves the person with attributes of more than 16384 bytes");
    if (!has_room(tx, row, wanted))
        errors.add(
            {}, "leaves the person with more than " + std::to_string(max_addresses) + " addresses");
    if (errors.any())
        return RowOutcome::failed;
    if (wanted.name)
        row.name = wanted.name;
    if (wanted.external_id && !row.external_id) {
        claim_external_id(tx, *wanted.external_id, row.id);
        row.external_id = wanted.external_id;
        row.kind = kind_with(row.kind, true);
    }
    bool changed = row.name != before.name || row.external_id != before.external_id
        || !(row.attributes == before.attributes);
    for (auto const& address : given_addresses(wanted))
        changed |= give_address(tx, row.id, address).changed;
    if (!changed)
        return RowOutcome::skipped;
    row.updated_at = tx.now();
    store::update_person(tx, row);
    auto const renamed = row.name == before.name ? Renamed::no : Renamed::perhaps;
    announce_update(tx, std::move(row), renamed);
    return RowOutcome::updated;
}

}

RowOutcome import_row(db::Tx& tx, std::vector<Column> const& columns, AttributeRules const& rules,
    OnConflict on_conflict, ImportRow const& row, std::vector<ImportError>& all_errors)
{
    RowErrors errors{all_errors, row.row};
    auto wanted = read_row(columns, rules, row, errors);
    if (errors.any())
        return RowOutcome::failed;
    auto target = find_target(tx, wanted, errors);
    if (errors.any())
        return RowOutcome::failed;
    if (target && on_conflict == OnConflict::skip)
        return RowOutcome::skipped;
    return target ? update(tx, *std::move(target), wanted, errors) : create(tx, wanted, errors);
}

}
