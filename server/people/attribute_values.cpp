#include "people/attribute_values.hpp"

namespace hermod::people {

static constexpr std::size_t max_bytes = 16384; // of Attributes

/// What is stored was parsed once already.
static json::object object_of(JsonArena& arena, Attributes const& attributes)
{
    auto value = arena.parse(attributes.text);
    HERMOD_CHECK(value && value->is_object());
    return std::move(value->get_object());
}

static bool store_in(Attributes& to, json::object&& object)
{
    auto text = json_to_text(std::move(object));
    if (text.size() > max_bytes)
        return false;
    to.text = std::move(text);
    return true;
}

std::optional<std::vector<std::string>> add_missing_attributes(
    Attributes& to, Attributes const& from)
{
    JsonArena to_arena;
    JsonArena from_arena;
    auto object = object_of(to_arena, to);
    std::vector<std::string> added;
    for (auto const& [key, value] : object_of(from_arena, from)) {
        if (object.emplace(key, value).second)
            added.emplace_back(key);
    }
    if (!added.empty() && !store_in(to, std::move(object)))
        return std::nullopt;
    return added;
}

void remove_equal_attributes(
    Attributes& from, Attributes const& as_in, std::vector<std::string> const& keys)
{
    if (keys.empty())
        return;
    JsonArena from_arena;
    JsonArena other_arena;
    auto object = object_of(from_arena, from);
    auto const other = object_of(other_arena, as_in);
    for (auto const& key : keys) {
        auto const* const mine = object.if_contains(key);
        auto const* const theirs = other.if_contains(key);
        if (mine && theirs && *mine == *theirs)
            object.erase(key);
    }
    store_in(from, std::move(object));
}

bool set_attributes(Attributes& to, json::object const& values)
{
    JsonArena arena;
    auto object = object_of(arena, to);
    for (auto const& [key, value] : values)
        object[key] = value;
    return store_in(to, std::move(object));
}

}
