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

/// Owners and admins do everything; what only an owner may is a rule of the members' use cases.
constexpr std::array<std::string_view, 1> everything{"admin"};
/// Agents answer customers: they work with people and conversations and see what carries them.
constexpr std::array<std::string_view, 9> of_agent{"accounts:read", "conversations:write",
    "events:read", "files:write", "jobs:read", "messages:write", "people:write", "search:read",
    "workspaces:read"};
/// Viewers look on. Keys, webhooks and the audit log are the admins' own.
constexpr std::array<std::string_view, 19> of_viewer{"accounts:read", "analytics:read",
    "automations:read", "campaigns:read", "canned_replies:read", "conversations:read",
    "events:read", "files:read", "jobs:read", "labels:read", "messages:read", "notifications:read",
    "people:read", "sandbox:read", "schedules:read", "search:read", "segments:read",
    "templates:read", "workspaces:read"};

bool includes(std::string_view held, std::string_view wanted)
{
    if (held == wanted || held == "admin")
        return true;
    auto const has = split(held);
    auto const needs = split(wanted);
    return has.area == needs.area && !needs.right.empty() && right_includes(has.right, needs.right);
}

}

std::span<std::string_view const> scopes_of(Role role)
{
    switch (role) {
    case Role::owner:
    case Role::admin:
        return everything;
    case Role::agent:
        return of_agent;
    case Role::viewer:
        return of_viewer;
    }
    return {};
}

bool Caller::has_scope(std::string_view scope) const
{
    if (kind == Kind::anonymous)
        return false;
    if (scope.empty())
        return true;
    auto const grants = [&](std::string_view held) { return includes(held, scope); };
    return kind == Kind::session ? std::ranges::any_of(scopes_of(role), grants)
                                 : std::ranges::any_of(scopes, grants);
}

}
