#include "workspaces/members.hpp"

#include "base/errors.hpp"
#include "workspaces/rights.hpp"

namespace hermod::workspaces {

std::optional<MemberRow> find_member(db::Tx& tx, PersonId const& person)
{
    return tx.global().one<MemberRow>(
        "SELECT {columns} FROM memberships WHERE workspace_id = $1 AND person_id = $2",
        tx.workspace(), person);
}

void require_another_owner(db::Tx& tx, MemberRow const& member)
{
    if (member.role != Role::owner)
        return;
    auto const others = tx.global().one<std::int64_t>(R"sql(
        SELECT COUNT(*) FROM memberships
        WHERE workspace_id = $1 AND role = 'owner' AND person_id <> $2)sql",
        tx.workspace(), member.person_id);
    if (others.value_or(0) == 0)
        throw Problem{Errc::last_owner};
}

void change_role(db::Tx& tx, MemberRow const& member, Role role)
{
    tx.global().run("UPDATE memberships SET role = $3 WHERE workspace_id = $1 AND person_id = $2",
        tx.workspace(), member.person_id, role);
    note_rights_changed(tx, member.login_id.bytes());
}

void remove_membership(db::Tx& tx, MemberRow const& member)
{
    tx.global().run("DELETE FROM memberships WHERE workspace_id = $1 AND person_id = $2",
        tx.workspace(), member.person_id);
    note_rights_changed(tx, member.login_id.bytes());
}

}
