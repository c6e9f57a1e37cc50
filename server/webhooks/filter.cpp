#include "webhooks/filter.hpp"

#include <algorithm>

namespace hermod::webhooks {

/// The text at `data.<resource>.<name>`.
static std::optional<std::string_view> text_at(
    json::object const& data, std::string_view resource, std::string_view name)
{
    auto const* const object = data.if_contains(resource);
    if (!object || !object->is_object())
        return std::nullopt;
    auto const* const value = object->get_object().if_contains(name);
    if (!value || !value->is_string())
        return std::nullopt;
    return value->get_string();
}

/// The account that the event is about.
static std::optional<std::string_view> account_in(json::object const& data)
{
    for (auto const resource : {"message", "conversation"})
        if (auto const account = text_at(data, resource, "account_id"))
            return account;
    return text_at(data, "account", "id");
}

static bool passes(WebhookFilter const& filter, json::object const& data)
{
    if (filter.direction && text_at(data, "message", "direction") != to_name(*filter.direction))
        return false;
    if (!filter.account_ids)
        return true;
    auto const account = account_in(data);
    return account && std::ranges::any_of(filter.account_ids->items, [&](AccountId const& id) {
        return id.str() == *account;
    });
}

bool matches(WebhookFilter const& filter, events::Line const& line)
{
    if (line.type == webhook_test.name)
        return false;
    if (filter.types && std::ranges::none_of(filter.types->items, [&](auto const& type) {
            return type.value == line.type;
        }))
        return false;
    if (!filter.direction && !filter.account_ids)
        return true;
    JsonArena arena;
    auto const data = arena.parse(line.data);
    return data && data->is_object() && passes(filter, data->get_object());
}

void require_known_types(WebhookFilter const& filter, events::Catalogue const& catalogue)
{
    if (!filter.types)
        return;
    std::vector<FieldError> wrong;
    for (std::size_t i = 0; i < filter.types->items.size(); ++i)
        if (!catalogue.find(filter.types->items[i].value))
            wrong.push_back(
                {"filter.types[" + std::to_string(i) + ']', "is not a known event type"});
    if (!wrong.empty())
        throw Problem{Errc::invalid_body, {}, std::move(wrong)};
}

void require_may_see(Deps const& deps, Caller const& caller, WebhookFilter const& filter)
{
    for (auto const& [name, type] : deps.catalogue.types()) {
        auto const wanted = !filter.types
            || std::ranges::any_of(
                filter.types->items, [&](auto const& one) { return one.value == name; });
        if (wanted && !deps.audience.sees_type(caller, name))
            throw Problem{Errc::missing_scope,
                "the webhook would get " + std::string{name} + ", which takes the scope "
                    + std::string{type.area} + ":read"};
    }
}

}
