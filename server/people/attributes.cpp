#include "people/attributes.hpp"

#include "workspaces/audit.hpp"

#include <algorithm>
#include <cctype>

namespace hermod::people {

static constexpr std::size_t most_attributes = 200;
static constexpr std::size_t longest_key = 64;

static std::vector<AttributeDefinition> all_definitions(db::Tx const& tx)
{
    return tx.all<AttributeDefinition>(
        "SELECT {columns} FROM attribute_definitions WHERE workspace_id = $1 ORDER BY key");
}

static AttributeSettings current_settings(db::Tx const& tx)
{
    return tx
        .one<AttributeSettings>("SELECT {columns} FROM attribute_settings WHERE workspace_id = $1")
        .value_or(AttributeSettings{});
}

AttributeRules attribute_rules(db::Tx const& tx)
{
    AttributeRules rules;
    for (auto& definition : all_definitions(tx))
        rules.types.emplace(std::move(definition.key), definition.type);
    rules.strict = current_settings(tx).strict;
    return rules;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/// A day is one whose midnight is a time.
static bool is_date(std::string_view text)
{
    auto const day = text.size() == 10
        && std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '-'; });
    return parse_rfc3339(day ? std::string{text} + "T00:00:00Z" : std::string{text}).has_value();
}

static bool is_plain(json::value const& value)
{
    return value.is_string() || value.is_number() || value.is_bool();
}

std::optional<std::string> misfit(AttributeType type, json::value const& value)
{
    if (value.is_null())
        return std::nullopt;
    switch (type) {
    case AttributeType::text:
        return value.is_string() ? std::nullopt : std::optional{"must be a string"};
    case AttributeType::number:
        return value.is_number() ? std::nullopt : std::optional{"must be a number"};
    case AttributeType::boolean:
        return value.is_bool() ? std::nullopt : std::optional{"must be true or false"};
    case AttributeType::date:
        if (value.is_string() && is_date(value.get_string()))
            return std::nullopt;
        return "must be a date such as 2026-11-21 or 2026-11-21T09:30:00Z";
    case AttributeType::list:
        if (value.is_array() && std::ranges::all_of(value.get_array(), is_plain))
            return std::nullopt;
        return "must be a list of texts, numbers and booleans";
    }
    return std::nullopt;
}

void require_valid_attributes(db::Tx const& tx, std::optional<Attributes> const& attributes)
{
    if (!attributes || attributes->text == "{}")
        return;
    auto const rules = attribute_rules(tx);
    if (rules.types.empty() && !rules.strict)
        return;
    JsonArena arena;
    auto const object = arena.parse(attributes->text);
    HERMOD_CHECK(object && object->is_object());
    std::vector<FieldError> wrong;
    for (auto const& [key, value] : object->get_object()) {
        auto const declared = rules.types.find(std::string_view{key});
        auto const problem = declared != rules.types.end() ? misfit(declared->second, value)
            : rules.strict                                 ? std::optional{"is not declared"}
                                                           : std::nullopt;
        if (problem)
            wrong.push_back({"attributes." + std::string{key}, *problem});
    }
    if (!wrong.empty())
        throw Problem{Errc::invalid_body, {}, std::move(wrong)};
}

static void require_key(std::string_view key)
{
    auto const fits = !key.empty() && key.size() <= longest_key
        && std::ranges::all_of(key,
            [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c == '.'; })
        && std::isalpha(static_cast<unsigned char>(key.front()));
    if (!fits)
        throw Problem{Errc::invalid_body, {},
            {{"key", "must be 1 to 64 letters, digits, _, - and ., and begin with a letter"}}};
}

Task<std::vector<AttributeDefinition>> list_attributes(Deps& deps, Caller const& caller)
{
    co_return co_await deps.database.read(
        caller.workspace, [&](db::Tx const& tx) { return all_definitions(tx); });
}

static void write_definition(db::Tx& tx, AttributeDefinition const& row)
{
    tx.run(R"sql(
        INSERT INTO attribute_definitions
            (workspace_id, key, type, description, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (workspace_id, key) DO UPDATE SET type = excluded.type,
            description = excluded.description, updated_at = excluded.updated_at)sql",
        row.key, row.type, row.description, row.created_at, row.updated_at);
}

Task<AttributeSet> set_attribute(
    Deps& deps, Caller const& caller, std::string const& key, SetAttribute const& command)
{
    require_key(key);
    co_return co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto const all = all_definitions(tx);
        auto const known = std::ranges::find(all, key, &AttributeDefinition::key);
        auto const created = known == all.end();
        if (created && all.size() >= most_attributes)
            throw Problem{Errc::limit_reached,
                "a workspace declares at most " + std::to_string(most_attributes) + " attributes"};
        AttributeDefinition row{key, command.type,
            command.description ? std::optional{command.description->value} : std::nullopt,
            created ? tx.now() : known->created_at, tx.now()};
        if (!created && known->type == row.type && known->description == row.description)
            return AttributeSet{*known, false};
        write_definition(tx, row);
        events::append(tx, attribute_updated, {row});
        workspaces::audit(tx, caller, "attribute.declared", key);
        return AttributeSet{std::move(row), created};
    });
}

Task<void> delete_attribute(Deps& deps, Caller const& caller, std::string const& key)
{
    co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto const deleted = tx.run_counted(
            "DELETE FROM attribute_definitions WHERE workspace_id = $1 AND key = $2", key);
        if (deleted == 0)
            throw Problem{Errc::attribute_not_found};
        events::append(tx, attribute_deleted, {{key, tx.now()}});
        workspaces::audit(tx, caller, "attribute.deleted", key);
    });
}

Task<AttributeSettings> attribute_settings(Deps& deps, Caller const& caller)
{
    co_return co_await deps.database.read(
        caller.workspace, [&](db::Tx const& tx) { return current_settings(tx); });
}

Task<AttributeSettings> update_attribute_settings(
    Deps& deps, Caller const& caller, UpdateAttributeSettings const& command)
{
    co_return co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto settings = current_settings(tx);
        if (!command.strict || *command.strict == settings.strict)
            return settings;
        settings.strict = *command.strict;
        tx.run(R"sql(
            INSERT INTO attribute_settings (workspace_id, strict) VALUES ($1, $2)
            ON CONFLICT (workspace_id) DO UPDATE SET strict = excluded.strict)sql",
            settings.strict);
        events::append(tx, attribute_settings_updated, {settings});
        workspaces::audit(tx, caller, "attribute_settings.updated", caller.workspace.str());
        return settings;
    });
}

}
