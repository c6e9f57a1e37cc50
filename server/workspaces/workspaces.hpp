#pragma once

#include "base/codec.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "events/events.hpp"
#include "net/caller.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {
class Router;
}

namespace hermod::workspaces {

using WorkspaceName = Text<1, 100>;

/// The tenant.
struct Workspace {
    WorkspaceId id;
    WorkspaceName name;
    std::string tier;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(Workspace, (), (id, name, tier, created_at, updated_at))

struct WorkspaceEvent {
    Workspace workspace;
};
BOOST_DESCRIBE_STRUCT(WorkspaceEvent, (), (workspace))

inline constexpr events::Type<WorkspaceEvent> workspace_updated{
    "workspace.updated", "workspaces", "A workspace's name or settings changed."};

/// A workspace as one login sees it.
struct WorkspaceOfLogin {
    WorkspaceId id;
    std::string name;
    Role role = Role::viewer;
    PersonId person_id;
};
BOOST_DESCRIBE_STRUCT(WorkspaceOfLogin, (), (id, name, role, person_id))

struct UpdateWorkspace {
    std::optional<WorkspaceName> name;
};
BOOST_DESCRIBE_STRUCT(UpdateWorkspace, (), (name))

/// Makes the workspace `tx` is of: its row, its log and its line in the directory.
Workspace create_workspace(db::Tx& tx, WorkspaceName const& name);

/// The workspace of the transaction. Throws workspace_not_found.
Workspace require_workspace(db::Tx const& tx);

/// Lets a login reach the transaction's workspace as `person`.
void add_membership(db::Tx& tx, LoginId const& login, PersonId const& person, Role role);

/// Oldest first.
std::vector<WorkspaceOfLogin> list_of_login(db::GlobalTx const& tx, LoginId const& login);

/// Every workspace, for what runs over all of them: in order of id, after `after`.
std::vector<WorkspaceId> list_after(
    db::GlobalTx const& tx, WorkspaceId const& after, std::int64_t limit);

struct Deps {
    db::Database& database;
};

/// The caller as it is in `workspace`, which a path names: a key only in its own, a login in any
/// of its workspaces. Throws workspace_not_found.
Task<Caller> caller_in(Deps& deps, Caller const& caller, WorkspaceId const& workspace);

/// caller_in, and missing_scope where the caller may not do `scope` there.
Task<Caller> require_scope_in(
    Deps& deps, Caller const& caller, WorkspaceId const& workspace, std::string_view scope);

Task<std::vector<WorkspaceOfLogin>> list_workspaces(Deps& deps, Caller const& caller);
Task<Workspace> get_workspace(Deps& deps, Caller const& caller, WorkspaceId const& id);
Task<Workspace> update_workspace(
    Deps& deps, Caller const& caller, WorkspaceId const& id, UpdateWorkspace const& command);

/// GET /workspaces, GET and PATCH /workspaces/{id}. What needs people is in access/.
void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(Workspace const*);
FieldTexts field_texts(WorkspaceEvent const*);
FieldTexts field_texts(WorkspaceOfLogin const*);
FieldTexts field_texts(UpdateWorkspace const*);

}
