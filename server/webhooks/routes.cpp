#include "net/router.hpp"

#include "webhooks/webhooks.hpp"

namespace hermod::webhooks {

using net::Reply;
using net::Request;

static WebhookId id_of(Request const& request)
{
    return request.path_id<WebhookId>("webhook_id");
}

static DeliveryId delivery_of(Request const& request)
{
    return request.path_id<DeliveryId>("delivery_id");
}

static Task<Reply> get_webhooks(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await list_webhooks(deps, caller, request.query_as<ListWebhooks>()));
}

static Task<Reply> post_webhook(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::created(co_await create_webhook(deps, caller, request.body_as<CreateWebhook>()));
}

static Task<Reply> get_one(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await get_webhook(deps, caller, id_of(request)));
}

static Task<Reply> patch_one(Deps& deps, Caller const& caller, Request const& request)
{
    auto const& command = request.body_as<UpdateWebhook>();
    co_return net::ok(co_await update_webhook(deps, caller, id_of(request), command));
}

static Task<Reply> delete_one(Deps& deps, Caller const& caller, Request const& request)
{
    co_await delete_webhook(deps, caller, id_of(request));
    co_return net::no_content();
}

static Task<Reply> post_test(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::accepted(co_await test_webhook(deps, caller, id_of(request)));
}

static Task<Reply> post_rotate(Deps& deps, Caller const& caller, Request const& request)
{
    auto const& command = request.query_as<RotateSecret>();
    co_return net::ok(co_await rotate_secret(deps, caller, id_of(request), command));
}

static Task<Reply> post_replay(Deps& deps, Caller const& caller, Request const& request)
{
    auto const& command = request.body_as<ReplayEvents>();
    co_return net::accepted(co_await replay_events(deps, caller, id_of(request), command));
}

static Task<Reply> get_deliveries(Deps& deps, Caller const& caller, Request const& request)
{
    auto const& query = request.query_as<ListDeliveries>();
    co_return net::ok(co_await list_deliveries(deps, caller, id_of(request), query));
}

static Task<Reply> get_one_delivery(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await get_delivery(deps, caller, delivery_of(request)));
}

static Task<Reply> get_attempts(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await list_attempts(deps, caller, delivery_of(request)));
}

static Task<Reply> post_retry(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await retry_delivery(deps, caller, delivery_of(request)));
}

static Task<Reply> post_retry_many(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await retry_deliveries(deps, caller, request.body_as<RetryDeliveries>()));
}

static std::string const base = "/api/v1/webhooks";
static std::string const one = base + "/{webhook_id}";

static void add_resource(net::FeatureRoutes<Deps>& routes)
{
    routes.get<net::Page<Webhook>>(base, get_webhooks)
        .query<ListWebhooks>()
        .summary("List webhooks")
        .describe("Oldest first. A test key sees those that a test key made.")
        .scope("webhooks:read")
        .fails_with({Errc::invalid_cursor});
    routes.post<CreateWebhook, IssuedWebhook>(base, post_webhook)
        .summary("Make a webhook")
        .describe("It gets what happens from now on. The answer's `secret` is shown this once. The "
                  "caller needs the `:read` scope of every event type that it is to get.")
        .scope("webhooks:write")
        .status(201)
        .fails_with({Errc::address_blocked, Errc::limit_reached, Errc::missing_scope,
            Errc::idempotency_key_reused});
    routes.get<Webhook>(one, get_one)
        .summary("Get a webhook")
        .scope("webhooks:read")
        .fails_with({Errc::webhook_not_found});
    routes.patch<UpdateWebhook, Webhook>(one, patch_one)
        .summary("Change, disable or enable a webhook")
        .describe("Disabled, it gets nothing, and what is open is given up. Enabled again, it gets "
                  "what happens from then on; a replay brings what it missed.")
        .scope("webhooks:write")
        .fails_with({Errc::webhook_not_found, Errc::address_blocked, Errc::missing_scope});
    routes.del(one, delete_one)
        .summary("Delete a webhook")
        .describe("Its deliveries go with it.")
        .scope("webhooks:write")
        .fails_with({Errc::webhook_not_found});
}

static void add_actions(net::FeatureRoutes<Deps>& routes)
{
    routes.post<net::Nothing, Delivery>(one + "/test", post_test)
        .summary("Send a webhook a test event")
        .describe("An event `webhook.test`, to this webhook alone. What became of it is in the "
                  "delivery.")
        .scope("webhooks:write")
        .status(202)
        .fails_with({Errc::webhook_not_found, Errc::webhook_disabled});
    routes.post<net::Nothing, IssuedWebhook>(one + "/rotate_secret", post_rotate)
        .query<RotateSecret>()
        .summary("Give a webhook a new secret")
        .describe("The answer's `secret` is shown this once. The old one signs, too, for `overlap` "
                  "seconds more: a day unless told.")
        .scope("webhooks:write")
        .fails_with({Errc::webhook_not_found, Errc::idempotency_key_reused});
    routes.post<ReplayEvents, Replay>(one + "/replay", post_replay)
        .summary("Deliver past events again")
        .describe("In the background, those that pass the filter, with the `webhook-id` they had. "
                  "What is being delivered is not delivered twice.")
        .scope("webhooks:write")
        .status(202)
        .fails_with({Errc::webhook_not_found, Errc::webhook_disabled, Errc::invalid_cursor,
            Errc::cursor_expired});
    routes.get<net::Page<Delivery>>(one + "/deliveries", get_deliveries)
        .query<ListDeliveries>()
        .summary("List a webhook's deliveries")
        .describe("The newest event first. Those that ended are kept for 30 days.")
        .scope("webhooks:read")
        .fails_with({Errc::webhook_not_found, Errc::invalid_cursor});
}

static void add_deliveries(net::FeatureRoutes<Deps>& routes)
{
    std::string const delivery = "/api/v1/deliveries/{delivery_id}";
    routes.get<Delivery>(delivery, get_one_delivery)
        .summary("Get a delivery")
        .scope("deliveries:read")
        .fails_with({Errc::delivery_not_found});
    routes.get<net::Page<DeliveryAttempt>>(delivery + "/attempts", get_attempts)
        .summary("List a delivery's attempts")
        .describe("The newest first, at most 200.")
        .scope("deliveries:read")
        .fails_with({Errc::delivery_not_found});
    routes.post<net::Nothing, Delivery>(delivery + "/retry", post_retry)
        .summary("Try a dead delivery again")
        .scope("deliveries:write")
        .fails_with({Errc::delivery_not_found, Errc::not_retriable, Errc::webhook_disabled});
    routes.post<RetryDeliveries, RetriedDeliveries>("/api/v1/deliveries/retry", post_retry_many)
        .summary("Try dead deliveries again")
        .describe(
            "At most 200 at a time; while the answer `has_more`, ask again. Those of disabled "
            "webhooks stay dead.")
        .scope("deliveries:write")
        .fails_with({Errc::webhook_not_found});
}

void add_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes routes{router, deps, "webhooks"};
    add_resource(routes);
    add_actions(routes);
    add_deliveries(routes);
    router.document("DeliveredEvent", &Codec<DeliveredEvent>::schema);
}

}
