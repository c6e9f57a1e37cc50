#pragma once

#include "access/access.hpp"

namespace hermod::access {

struct UpdateMember {
    Role role = Role::viewer;
};
BOOST_DESCRIBE_STRUCT(UpdateMember, (), (role))
FieldTexts field_texts(UpdateMember const*);

/// Owners are made and unmade by owners alone, and one always stays: forbidden, last_owner.
Task<Member> update_member(Deps& deps, Caller const& caller, WorkspaceId const& workspace,
    PersonId const& person, UpdateMember const& command);
/// The person stays, with their history, as a user or contact. Anybody may leave.
Task<void> remove_member(
    Deps& deps, Caller const& caller, WorkspaceId const& workspace, PersonId const& person);

}
