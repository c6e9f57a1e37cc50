#include "access/members.hpp"

#include "access/credential_cache.hpp"
#include "access/store.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/members.hpp"

#include <algorithm>

namespace hermod::access {

static workspaces::MemberRow require_member(db::Tx& tx, PersonId const& person)
{
    auto member = workspaces::find_member(tx, person);
    if (!member)
        throw Problem{Errc::person_not_found};
    return *member;
}

/// Who may change members at all; owners are changed and made by owners alone. The caller's role is
/// the one of this transaction, not of a moment ago. A key is never an owner.
static void require_may_manage(db::Tx& tx, Caller const& caller, bool concerns_owner)
{
    auto now = caller;
    if (caller.kind == Caller::Kind::session) {
        auto const own = workspaces::find_member(tx, caller.person);
        if (!own)
            throw Problem{Errc::workspace_not_found};
        now.role = own->role;
    }
    if (!now.has_scope("workspaces:write"))
        throw Problem{Errc::missing_scope, "the route needs workspaces:write"};
    auto const is_owner = now.kind == Caller::Kind::session && now.role == Role::owner;
    if (concerns_owner && !is_owner)
        throw Problem{Errc::forbidden, "only an owner makes or unmakes owners"};
}

static Member view_of(db::Tx& tx, PersonId const& person)
{
    auto const members = store::members_of(tx.global(), tx.workspace());
    return *std::ranges::find(members, person, &Member::person_id);
}

Task<Member> update_member(Deps& deps, Caller const& caller, WorkspaceId const& workspace,
    PersonId const& person, UpdateMember const& command)
{
    workspaces::Deps tenants{deps.database};
    auto const there =
        co_await workspaces::require_scope_in(tenants, caller, workspace, "workspaces:read");
    auto updated = co_await deps.database.write(there.workspace, [&](db::Tx& tx) {
        auto const member = require_member(tx, person);
        auto const role = command.role;
        require_may_manage(
            tx, there, member.role != role && (member.role == Role::owner || role == Role::owner));
        if (member.role == role)
            return view_of(tx, person);
        workspaces::require_another_owner(tx, member);
        workspaces::change_role(tx, member, role);
        people::change_member_role(tx, person, role);
        workspaces::audit(tx, there, "member.role_changed", person.str(),
            {{"role", std::string{to_name(role)}},
                {"previous_role", std::string{to_name(member.role)}}});
        return view_of(tx, person);
    });
    deps.cache.drop(updated.login_id.bytes());
    co_return updated;
}

Task<void> remove_member(
    Deps& deps, Caller const& caller, WorkspaceId const& workspace, PersonId const& person)
{
    workspaces::Deps tenants{deps.database};
    auto const there = co_await workspaces::caller_in(tenants, caller, workspace);
    auto const leaves = caller.kind == Caller::Kind::session && there.person == person;
    if (!leaves && !there.has_scope("workspaces:read"))
        throw Problem{Errc::missing_scope, "the route needs workspaces:write"};
    auto const login = co_await deps.database.write(there.workspace, [&](db::Tx& tx) {
        auto const member = require_member(tx, person);
        if (!leaves)
            require_may_manage(tx, there, member.role == Role::owner);
        workspaces::require_another_owner(tx, member);
        workspaces::remove_membership(tx, member);
        people::end_membership(tx, person);
        workspaces::audit(tx, there, leaves ? "member.left" : "member.removed", person.str(),
            {{"role", std::string{to_name(member.role)}}});
        return member.login_id;
    });
    deps.cache.drop(login.bytes());
}

}
