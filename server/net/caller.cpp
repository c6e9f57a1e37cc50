#include "net/caller.hpp"

#include <algorithm>
#include <array>

namespace hermod {

namespace {

struct Scope {
    std::string_view area;
    std::string_view right;
};

Scope split(std::string_view scope)
{
    auto const colon = scope.find(':');
    if (colon == std::string_view::npos)
        return {scope, {}};
    return {scope.substr(0, colon), scope.substr(colon + 1)};
}

/// Writing includes reading, and what is written by sending; to send in another's name never comes
/// with anything but itself and `admin`.
bool right_includes(std::string_view held, std::string_view wanted)
{
    return held == wanted || (held == "write" && (wanted == "read" || wanted == "send"));
}

template <std::size_t N>
bool holds(std::array<std::string_view, N> const& list, std::string_view item)
{
    return std::ranges::find(list, item) != list.end();
}

/// Agents answer customers: they work with people and conversations and see what carries them.
bool agent_may(Scope const& scope)
{
    static constexpr std::array writes{std::string_view{"messages"}, std::string_view{"people"},
        std::string_view{"conversations"}, std::string_view{"files"}};
    static constexpr std::array reads{
        std::string_view{"accounts"}, std::string_view{"events"}, std::string_view{"jobs"}};
    return (holds(writes, scope.area) && right_includes("write", scope.right))
        || (holds(reads, scope.area) && scope.right == "read");
}

bool role_may(Role role, Scope const& scope)
{
    switch (role) {
    case Role::owner:
    case Role::admin:
        return true;
    case Role::agent:
        return agent_may(scope);
    case Role::viewer:
        return scope.right == "read";
    }
    return false;
}

}

bool Caller::has_scope(std::string_view scope) const
{
    if (kind == Kind::anonymous)
        return false;
    if (scope.empty())
        return true;
    auto const wanted = split(scope);
    if (kind == Kind::session)
        return role_may(role, wanted);
    if (scopes.contains(scope) || scopes.contains("admin"))
        return true;
    return std::ranges::any_of(scopes, [&](std::string const& text) {
        auto const held = split(text);
        return held.area == wanted.area && !wanted.right.empty()
            && right_includes(held.right, wanted.right);
    });
}

}
