#include "net/router.hpp"
#include "workspaces/workspaces.hpp"

namespace hermod::workspaces {

using net::Reply;
using net::Request;

static Task<Reply> get_workspaces(Deps& deps, Caller const& caller, Request const&)
{
    auto workspaces = co_await list_workspaces(deps, caller);
    co_return net::ok(net::Page<WorkspaceOfLogin>{std::move(workspaces), {}});
}

static Task<Reply> get_one(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(
        co_await get_workspace(deps, caller, request.path_id<WorkspaceId>("workspace_id")));
}

static Task<Reply> patch_one(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await update_workspace(deps, caller,
        request.path_id<WorkspaceId>("workspace_id"), request.body_as<UpdateWorkspace>()));
}

void add_routes(net::Router& router, Deps& deps)
{
    // The path names the workspace, so the scope is asked for there and not by the pipeline.
    net::FeatureRoutes<Deps> routes{router, deps, "workspaces"};
    routes.get<net::Page<WorkspaceOfLogin>>("/api/v1/workspaces", get_workspaces)
        .summary("List the workspaces of the login")
        .across_workspaces()
        .fails_with({Errc::forbidden});
    routes.get<Workspace>("/api/v1/workspaces/{workspace_id}", get_one)
        .summary("Get a workspace")
        .across_workspaces()
        .fails_with({Errc::workspace_not_found, Errc::missing_scope});
    routes.patch<UpdateWorkspace, Workspace>("/api/v1/workspaces/{workspace_id}", patch_one)
        .summary("Change a workspace")
        .across_workspaces()
        .fails_with({Errc::workspace_not_found, Errc::missing_scope});
}

}
