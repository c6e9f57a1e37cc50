#include "access/access.hpp"
#include "net/router.hpp"

namespace hermod::access {

using net::Reply;
using net::Request;

static Task<Reply> post_register(Deps& deps, Caller const&, Request const& request)
{
    co_return net::created(co_await register_login(deps, request.body_as<Register>()));
}

static Task<Reply> post_login(Deps& deps, Caller const&, Request const& request)
{
    co_return net::ok(co_await log_in(deps, request.body_as<LogIn>(), request.remote_address));
}

static Task<Reply> post_refresh(Deps& deps, Caller const&, Request const& request)
{
    co_return net::ok(co_await refresh_session(deps, request.body_as<Refresh>()));
}

static Task<Reply> post_logout(Deps& deps, Caller const& caller, Request const&)
{
    co_await log_out(deps, caller);
    co_return net::no_content();
}

static Task<Reply> get_me(Deps& deps, Caller const& caller, Request const&)
{
    co_return net::ok(co_await who_am_i(deps, caller));
}

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
    co_return net::ok(co_await rotate_api_key(deps, caller, request.path_id<KeyId>("key_id")));
}

static void add_auth_routes(net::FeatureRoutes<Deps>& routes)
{
    routes.post<Register, SignedIn>("/api/v1/auth/register", post_register)
        .summary("Register: a login, its first workspace and its owner")
        .open()
        .status(201)
        .fails_with({Errc::email_taken, Errc::invalid_email});
    routes.post<LogIn, SignedIn>("/api/v1/auth/login", post_login)
        .summary("Log in with an e-mail address and a password")
        .open()
        .fails_with({Errc::invalid_credentials});
    routes.post<Refresh, SignedIn>("/api/v1/auth/refresh", post_refresh)
        .summary("Go on with a session")
        .describe("A refresh token is good once: the answer has the next one.")
        .open()
        .fails_with({Errc::unauthenticated});
    routes.post<net::Nothing, net::Nothing>("/api/v1/auth/logout", post_logout)
        .summary("End the session")
        .across_workspaces()
        .fails_with({Errc::forbidden});
    routes.get<Me>("/api/v1/me", get_me)
        .summary("Who the credentials of the request are")
        .across_workspaces();
}

static void add_api_key_routes(net::FeatureRoutes<Deps>& routes)
{
    routes.get<net::Page<ApiKey>>("/api/v1/api_keys", get_api_keys)
        .summary("List the API keys, newest first")
        .scope("api_keys:read");
    routes.post<CreateApiKey, IssuedApiKey>("/api/v1/api_keys", post_api_key)
        .summary("Create an API key")
        .describe("The answer shows the plain key, once. The key acts as a bot of its own. Nobody "
                  "can give a scope that they do not hold.")
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
        .describe("The answer shows the new key, once; the old one is no longer good.")
        .scope("api_keys:write")
        .fails_with({Errc::api_key_not_found, Errc::missing_scope, Errc::test_key_refused,
            Errc::idempotency_key_reused});
}

void add_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes<Deps> auth{router, deps, "auth"};
    add_auth_routes(auth);
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
    net::FeatureRoutes<Deps> keys{router, deps, "api_keys"};
    add_api_key_routes(keys);
}

}
