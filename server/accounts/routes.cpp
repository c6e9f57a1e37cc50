#include "accounts/accounts.hpp"
#include "net/router.hpp"
#include "workspaces/idempotency.hpp"

namespace hermod::accounts {

using net::Reply;
using net::Request;

static AccountId id_of(Request const& request)
{
    return request.path_id<AccountId>("account_id");
}

static Task<Reply> get_accounts(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await list_accounts(deps, caller, request.query_as<ListAccounts>()));
}

static Task<Reply> post_account(Deps& deps, Caller const& caller, Request const& request)
{
    auto const& command = request.body_as<CreateAccount>();
    co_return net::created(co_await workspaces::write_once(deps.database, caller, 201,
        [&](db::Tx& tx) { return create_account(tx, deps, caller, command); }));
}

static Task<Reply> get_one(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await get_account(deps, caller, id_of(request)));
}

static Task<Reply> patch_account(Deps& deps, Caller const& caller, Request const& request)
{
    auto const& command = request.body_as<UpdateAccount>();
    co_return net::ok(co_await update_account(deps, caller, id_of(request), command));
}

static Task<Reply> delete_one(Deps& deps, Caller const& caller, Request const& request)
{
    co_await delete_account(deps, caller, id_of(request));
    co_return net::no_content();
}

static Task<Reply> post_connect(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await connect_account(deps, caller, id_of(request)));
}

static Task<Reply> post_disconnect(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await disconnect_account(deps, caller, id_of(request)));
}

static Task<Reply> post_pause(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await pause_account(deps, caller, id_of(request)));
}

static Task<Reply> get_its_capabilities(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await get_capabilities(deps, caller, id_of(request)));
}

static std::string const base = "/api/v1/accounts";

static void add_resource(net::FeatureRoutes<Deps>& routes)
{
    routes.get<net::Page<Account>>(base, get_accounts)
        .query<ListAccounts>()
        .summary("List accounts")
        .describe("Oldest first. A test key sees sandbox accounts only.")
        .scope("accounts:read")
        .fails_with({Errc::invalid_cursor});
    routes.post<CreateAccount, Account>(base, post_account)
        .summary("Connect an account")
        .describe("`settings` and `credentials` are the connector's; credentials are never given "
                  "back. The first account that reaches a kind of address becomes its default.")
        .scope("accounts:write")
        .status(201)
        .fails_with({Errc::unknown_connector, Errc::test_key_refused, Errc::address_blocked,
            Errc::limit_reached, Errc::invalid_phone_number, Errc::invalid_email,
            Errc::idempotency_key_reused});
    routes.get<Account>(base + "/{account_id}", get_one)
        .summary("Get an account")
        .scope("accounts:read")
        .fails_with({Errc::account_not_found});
    routes.patch<UpdateAccount, Account>(base + "/{account_id}", patch_account)
        .summary("Change an account")
        .describe("`settings` and `credentials` replace what was there and start the account anew. "
                  "`is_default: true` makes it the default of every kind of address it reaches.")
        .scope("accounts:write")
        .fails_with({Errc::account_not_found, Errc::unknown_connector, Errc::address_blocked,
            Errc::invalid_phone_number, Errc::invalid_email});
    routes.del(base + "/{account_id}", delete_one)
        .summary("Remove an account")
        .describe("Its credentials are erased. Its messages stay; what it has not yet sent fails.")
        .scope("accounts:write")
        .fails_with({Errc::account_not_found});
}

static void add_states(net::FeatureRoutes<Deps>& routes)
{
    routes.post<net::Nothing, Account>(base + "/{account_id}/connect", post_connect)
        .summary("Start an account")
        .describe("Also one that is `banned`, `failed` or needs action, once its cause is gone: it "
                  "starts anew, and what waits for it is sent.")
        .scope("accounts:write")
        .fails_with({Errc::account_not_found, Errc::unknown_connector});
    routes.post<net::Nothing, Account>(base + "/{account_id}/disconnect", post_disconnect)
        .summary("Stop an account")
        .describe("What is sent through it waits until it is connected again.")
        .scope("accounts:write")
        .fails_with({Errc::account_not_found});
    routes.post<net::Nothing, Account>(base + "/{account_id}/pause", post_pause)
        .summary("Pause an account")
        .describe("What is sent through it waits until it is connected again. A disconnected "
                  "account stays as it is.")
        .scope("accounts:write")
        .fails_with({Errc::account_not_found});
    routes.get<Capabilities>(base + "/{account_id}/capabilities", get_its_capabilities)
        .summary("Get what an account can do")
        .scope("accounts:read")
        .fails_with({Errc::account_not_found, Errc::unknown_connector});
}

void add_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes routes{router, deps, "accounts"};
    add_resource(routes);
    add_states(routes);
}

}
