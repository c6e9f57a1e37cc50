#pragma once

#include "workspaces/workspaces.hpp"

/// SQL of the tenant; private to this folder.
namespace hermod::workspaces::store {

void insert_workspace(db::Tx& tx, Workspace const& workspace);
/// The name, in both places that hold it.
void update_workspace(db::Tx& tx, Workspace const& workspace);

struct Membership {
    PersonId person_id;
    Role role = Role::viewer;
};
BOOST_DESCRIBE_STRUCT(Membership, (), (person_id, role))

std::optional<Membership> find_membership(
    db::GlobalTx const& tx, LoginId const& login, WorkspaceId const& workspace);

}
