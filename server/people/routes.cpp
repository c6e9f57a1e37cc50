#include "net/router.hpp"
#include "people/people.hpp"
#include "workspaces/idempotency.hpp"

namespace hermod::people {

using net::Reply;
using net::Request;

static Task<Reply> get_people(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await list_people(deps, caller, request.query_as<ListPeople>()));
}

static Task<Reply> post_person(Deps& deps, Caller const& caller, Request const& request)
{
    auto const& command = request.body_as<CreatePerson>();
    co_return net::created(co_await workspaces::write_once(
        deps.database, caller, 201, [&](db::Tx& tx) { return create_person(tx, command); }));
}

static Task<Reply> get_one(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await get_person(deps, caller, request.path_id<PersonId>("person_id")));
}

static Task<Reply> patch_person(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await update_person(
        deps, caller, request.path_id<PersonId>("person_id"), request.body_as<UpdatePerson>()));
}

static Task<Reply> put_person(Deps& deps, Caller const& caller, Request const& request)
{
    ExternalId const external_id{request.path_value("external_id")};
    auto const length = count_code_points(external_id);
    if (!length || *length < ExternalId::min || *length > ExternalId::max)
        throw Problem{Errc::invalid_body, {}, {{"external_id", "must be 1 to 256 characters"}}};
    auto const result =
        co_await upsert_person(deps, caller, external_id, request.body_as<UpsertPerson>());
    co_return net::reply(result.created ? 201 : 200, result.person);
}

// region handler
static Task<Reply> delete_one(Deps& deps, Caller const& caller, Request const& request)
{
    co_await delete_person(deps, caller, request.path_id<PersonId>("person_id"));
    co_return net::no_content();
}
// endregion

static Task<Reply> get_addresses(Deps& deps, Caller const& caller, Request const& request)
{
    auto addresses = co_await list_addresses(deps, caller, request.path_id<PersonId>("person_id"));
    co_return net::ok(net::Page<Address>{std::move(addresses), {}});
}

static Task<Reply> post_address(Deps& deps, Caller const& caller, Request const& request)
{
    auto const id = request.path_id<PersonId>("person_id");
    auto const& command = request.body_as<NewAddress>();
    co_return net::created(co_await workspaces::write_once(
        deps.database, caller, 201, [&](db::Tx& tx) { return add_address(tx, id, command); }));
}

static Task<Reply> delete_address(Deps& deps, Caller const& caller, Request const& request)
{
    co_await remove_address(deps, caller, request.path_id<PersonId>("person_id"),
        request.path_id<AddressId>("address_id"));
    co_return net::no_content();
}

static void add_address_routes(net::FeatureRoutes<Deps>& routes)
{
    static std::string const path = "/api/v1/people/{person_id}/addresses";
    routes.get<net::Page<Address>>(path, get_addresses)
        .summary("List the addresses of a person")
        .scope("people:read")
        .fails_with({Errc::person_not_found});
    routes.post<NewAddress, Address>(path, post_address)
        .summary("Give a person an address")
        .describe("The first address of a kind is the primary one. Giving an address that the "
                  "person has already answers with that one.")
        .scope("people:write")
        .status(201)
        .fails_with({Errc::person_not_found, Errc::address_taken, Errc::invalid_phone_number,
            Errc::invalid_email, Errc::limit_reached, Errc::idempotency_key_reused});
    routes.del(path + "/{address_id}", delete_address)
        .summary("Take an address away from a person")
        .scope("people:write")
        .fails_with({Errc::person_not_found, Errc::address_not_found});
}

static void add_person_routes(net::FeatureRoutes<Deps>& routes)
{
    static std::string const path = "/api/v1/people/{person_id}";
    routes.get<Person>(path, get_one)
        .summary("Get a person")
        .scope("people:read")
        .fails_with({Errc::person_not_found});
    routes.patch<UpdatePerson, Person>(path, patch_person)
        .summary("Change a person")
        .describe("Fields left out stay as they are; null takes one away. `attributes` replaces "
                  "all attributes.")
        .scope("people:write")
        .fails_with({Errc::person_not_found, Errc::external_id_taken});
    // region route
    routes.del(path, delete_one)
        .summary("Delete a person")
        .describe("Everything personal is erased; the person's messages stay, without a name. "
                  "Members and bots cannot be deleted this way.")
        .scope("people:write")
        .fails_with({Errc::person_not_found, Errc::not_editable});
    // endregion
}

void add_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes<Deps> routes{router, deps, "people"};
    routes.get<net::Page<Person>>("/api/v1/people", get_people)
        .summary("List people, newest first")
        .describe("`external_id`, `phone` and `email` find the one person who has it.")
        .scope("people:read")
        .query<ListPeople>()
        .fails_with({Errc::invalid_cursor});
    routes.post<CreatePerson, Person>("/api/v1/people", post_person)
        .summary("Create a person")
        .scope("people:write")
        .status(201)
        .fails_with({Errc::external_id_taken, Errc::address_taken, Errc::invalid_phone_number,
            Errc::invalid_email, Errc::limit_reached, Errc::idempotency_key_reused});
    routes.put<UpsertPerson, Person>("/api/v1/people/by_external_id/{external_id}", put_person)
        .summary("Create or change the person with this external id")
        .describe("Answers 201 where the person is new. Fields left out stay as they are; "
                  "addresses are added, never taken away.")
        .scope("people:write")
        .or_status(201)
        .fails_with({Errc::address_taken, Errc::invalid_phone_number, Errc::invalid_email,
            Errc::limit_reached});
    add_person_routes(routes);
    add_address_routes(routes);
}

}
