#include "access/audit_log.hpp"
#include "access/auth_routes.hpp"
#include "access/members.hpp"
#include "access/person_tokens.hpp"
#include "net/router.hpp"

namespace hermod::access {

using net::Reply;
using net::Request;

static Task<Reply> post_workspace(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::created(
        co_await create_workspace(deps, caller, request.body_as<CreateWorkspace>()));
}

static Task<Reply> get_members(Deps& deps, Caller const& caller, Request const& request)
{
    auto members =
        co_await list_members(deps, caller, request.path_id<WorkspaceId>("workspace_id"));
    co_return net::ok(net::Page<Member>{std::move(members), {}});
}

static Task<Reply> patch_member(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(
        co_await update_member(deps, caller, request.path_id<WorkspaceId>("workspace_id"),
            request.path_id<PersonId>("person_id"), request.body_as<UpdateMember>()));
}

static Task<Reply> delete_member(Deps& deps, Caller const& caller, Request const& request)
{
    co_await remove_member(deps, caller, request.path_id<WorkspaceId>("workspace_id"),
        request.path_id<PersonId>("person_id"));
    co_return net::no_content();
}

static Task<Reply> post_person_token(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::created(co_await create_person_token(deps, caller,
        request.path_id<PersonId>("person_id"), request.body_as<CreatePersonToken>()));
}

static Task<Reply> get_audit_log(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await list_audit_log(deps, caller, request.query_as<ListAuditLog>()));
}

static Task<Reply> get_api_keys(Deps& deps, Caller const& caller, Request const&)
{
    auto keys = co_await list_api_keys(deps, caller);
    co_return net::ok(net::Page<ApiKey>{std::move(keys), {}});
}

static Task<Reply> post_api_key(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::created(co_await create_api_key(deps, caller, request.body_as<CreateApiKey>()));
}

static Task<Reply> delete_api_key(Deps& deps, Caller const& caller, Request const& request)
{
    co_await revoke_api_key(deps, caller, request.path_id<KeyId>("key_id"));
    co_return net::no_content();
}

static Task<Reply> post_rotate(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await rotate_api_key(
        deps, caller, request.path_id<KeyId>("key_id"), request.query_as<RotateApiKey>()));
}

static void add_api_key_routes(net::FeatureRoutes<Deps>& routes)
{
    routes.get<net::Page<ApiKey>>("/api/v1/api_keys", get_api_keys)
        .summary("List the API keys, newest first")
        .scope("api_keys:read");
    routes.post<CreateApiKey, IssuedApiKey>("/api/v1/api_keys", post_api_key)
        .summary("Create an API key")
        .describe("The answer shows the plain key, once. The key acts as a bot of its own. Nobody "
                  "can give a scope that they do not hold. With `publishable` it is a key for "
                  "browsers (`hp_…`), which is no secret: from pages of the allowed origins it "
                  "sends to the recipients named, at most `daily_cap` messages to each per UTC "
                  "day, and does nothing else.")
        .scope("api_keys:write")
        .status(201)
        .fails_with({Errc::missing_scope, Errc::test_key_refused, Errc::limit_reached,
            Errc::idempotency_key_reused});
    routes.del("/api/v1/api_keys/{key_id}", delete_api_key)
        .summary("Revoke an API key")
        .scope("api_keys:write")
        .fails_with({Errc::api_key_not_found});
    routes.post<net::Nothing, IssuedApiKey>("/api/v1/api_keys/{key_id}/rotate", post_rotate)
        .summary("Replace the secret of an API key")
        .describe("The answer shows the new key, once. The old one is no longer good, or for "
                  "`overlap` seconds more.")
        .query<RotateApiKey>()
        .scope("api_keys:write")
        .fails_with({Errc::api_key_not_found, Errc::missing_scope, Errc::test_key_refused,
            Errc::idempotency_key_reused});
}

static void add_member_routes(net::FeatureRoutes<Deps>& routes)
{
    static std::string const path = "/api/v1/workspaces/{workspace_id}/members/{person_id}";
    routes.patch<UpdateMember, Member>(path, patch_member)
        .summary("Change the role of a member")
        .describe("Owners are made and unmade by owners alone, and one always stays.")
        .across_workspaces()
        .fails_with({Errc::missing_scope, Errc::last_owner});
    routes.del(path, delete_member)
        .summary("Remove a member")
        .describe("Their access ends within a second. The person stays, with their history, as a "
                  "user or contact. Anybody may remove themselves.")
        .across_workspaces()
        .fails_with({Errc::missing_scope, Errc::last_owner});
}

static void add_person_token_route(net::Router& router, Deps& deps)
{
    net::FeatureRoutes<Deps> routes{router, deps, "people"};
    routes
        .post<CreatePersonToken, IssuedPersonToken>(
            "/api/v1/people/{person_id}/tokens", post_person_token)
        .summary("Make a token for an app user")
        .describe("Give it to the app of this user or contact: with it they see and do what is "
                  "their own, and no more. It ends by itself, and at once when the person is "
                  "deleted. With `addressed_sends` it may also send to any address.")
        .scope("people:write")
        .status(201)
        .fails_with({Errc::forbidden});
}

static void add_audit_route(net::Router& router, Deps& deps)
{
    net::FeatureRoutes<Deps> routes{router, deps, "audit_log"};
    routes.get<net::Page<AuditEntry>>("/api/v1/audit_log", get_audit_log)
        .summary("List who did what, newest first")
        .describe("Every administrative act: keys, members, roles, settings, accounts, and what "
                  "members did with their sessions and passwords.")
        .scope("admin")
        .query<ListAuditLog>()
        .fails_with({Errc::invalid_cursor});
}

void add_routes(net::Router& router, Deps& deps)
{
    add_auth_routes(router, deps);
    net::FeatureRoutes<Deps> tenants{router, deps, "workspaces"};
    tenants
        .post<CreateWorkspace, workspaces::WorkspaceOfLogin>("/api/v1/workspaces", post_workspace)
        .summary("Create a workspace")
        .describe("The login becomes its owner.")
        .across_workspaces()
        .status(201)
        .fails_with({Errc::forbidden, Errc::limit_reached, Errc::idempotency_key_reused});
    tenants.get<net::Page<Member>>("/api/v1/workspaces/{workspace_id}/members", get_members)
        .summary("List the members of a workspace")
        .across_workspaces()
        .fails_with({Errc::workspace_not_found, Errc::missing_scope});
    add_member_routes(tenants);
    net::FeatureRoutes<Deps> keys{router, deps, "api_keys"};
    add_api_key_routes(keys);
    add_person_token_route(router, deps);
    add_audit_route(router, deps);
}

}
