#pragma once

#include "db/tx.hpp"
#include "net/caller.hpp"

#include <optional>

namespace hermod::workspaces {

/// A login's place in a workspace.
struct MemberRow {
    LoginId login_id;
    PersonId person_id;
    Role role = Role::viewer;
};
BOOST_DESCRIBE_STRUCT(MemberRow, (), (login_id, person_id, role))

/// Of the transaction's workspace. Global rows, and with them what every process must forget.
std::optional<MemberRow> find_member(db::Tx& tx, PersonId const& person);
/// Throws last_owner where no other owner would be left.
void require_another_owner(db::Tx& tx, MemberRow const& member);
void change_role(db::Tx& tx, MemberRow const& member, Role role);
void remove_membership(db::Tx& tx, MemberRow const& member);

}
