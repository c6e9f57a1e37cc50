#include "net/router.hpp"
#include "people/attributes.hpp"

namespace hermod::people {

static Task<net::Reply> get_attributes(Deps& deps, Caller const& caller, net::Request const&)
{
    co_return net::ok(
        net::Page<AttributeDefinition>{co_await list_attributes(deps, caller), std::nullopt});
}

static Task<net::Reply> put_attribute(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const result = co_await set_attribute(
        deps, caller, request.path_value("key"), request.body_as<SetAttribute>());
    co_return net::reply(result.created ? 201 : 200, result.attribute);
}

static Task<net::Reply> delete_one(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_await delete_attribute(deps, caller, request.path_value("key"));
    co_return net::no_content();
}

static Task<net::Reply> get_settings(Deps& deps, Caller const& caller, net::Request const&)
{
    co_return net::ok(co_await attribute_settings(deps, caller));
}

static Task<net::Reply> patch_settings(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await update_attribute_settings(
        deps, caller, request.body_as<UpdateAttributeSettings>()));
}

void add_attribute_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes routes{router, deps, "people"};
    routes.get<net::Page<AttributeDefinition>>("/api/v1/people/attributes", get_attributes)
        .summary("List the declared attributes of people")
        .scope("people:read");
    routes.put<SetAttribute, AttributeDefinition>("/api/v1/people/attributes/{key}", put_attribute)
        .summary("Declare an attribute of people and its type")
        .describe("Answers 201 where it was not declared before. From then on each write of a "
                  "person's attributes is held to the type; values that are there stay.")
        .scope("people:write")
        .or_status(201)
        .fails_with({Errc::limit_reached});
    routes.del("/api/v1/people/attributes/{key}", delete_one)
        .summary("Declare an attribute no longer")
        .describe("People keep their values, which no type is asked of any more.")
        .scope("people:write")
        .fails_with({Errc::attribute_not_found});
    static constexpr auto settings = "/api/v1/people/attribute_settings";
    routes.get<AttributeSettings>(settings, get_settings)
        .summary("Get what the workspace takes as attributes")
        .scope("people:read");
    routes.patch<UpdateAttributeSettings, AttributeSettings>(settings, patch_settings)
        .summary("Take declared attributes only, or any")
        .scope("people:write");
}

}
