#include "net/router.hpp"
#include "people/merging.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/idempotency.hpp"

namespace hermod::people {

static Task<net::Reply> post_merge(
    MergeDeps& deps, Caller const& caller, net::Request const& request)
{
    auto const survivor = request.path_id<PersonId>("person_id");
    auto const& command = request.body_as<MergePerson>();
    co_return net::ok(co_await workspaces::write_once(deps.database, caller, 200, [&](db::Tx& tx) {
        auto const were_one = survivor_of(tx, survivor) == survivor_of(tx, command.person_id);
        auto person = merge_people(tx, deps.follower, survivor, command);
        if (!were_one)
            workspaces::audit(tx, caller, "person.merged", person.id.str(),
                {{"merged_person_id", command.person_id.str()}});
        return person;
    }));
}

static Task<net::Reply> post_unmerge(
    MergeDeps& deps, Caller const& caller, net::Request const& request)
{
    auto const survivor = request.path_id<PersonId>("person_id");
    auto const& command = request.body_as<MergePerson>();
    co_return net::ok(co_await workspaces::write_once(deps.database, caller, 200, [&](db::Tx& tx) {
        auto person = unmerge_person(tx, deps.follower, survivor, command);
        workspaces::audit(tx, caller, "person.unmerged", person.id.str(),
            {{"survivor_person_id", survivor.str()}});
        return person;
    }));
}

void add_merge_routes(net::Router& router, MergeDeps& deps)
{
    net::FeatureRoutes routes{router, deps, "people"};
    routes.post<MergePerson, Person>("/api/v1/people/{person_id}/merge", post_merge)
        .summary("Merge another person into this one")
        .describe("The person in the path survives and takes over addresses, external id, "
                  "conversations, and what they lack of name and attributes. From then on the id "
                  "and the external ids of the person in the body stand for the survivor, also as "
                  "author of old messages. Merging two that are one already changes nothing.")
        .scope("people:write")
        .fails_with({Errc::person_not_found, Errc::not_mergeable, Errc::merge_in_progress,
            Errc::limit_reached, Errc::idempotency_key_reused});
    routes.post<MergePerson, Person>("/api/v1/people/{person_id}/unmerge", post_unmerge)
        .summary("Undo the merge of another person into this one")
        .describe("What came with the person in the body goes back to them, where the survivor "
                  "still has it; messages that came in since stay with the survivor. Answers with "
                  "the person that is one of their own again.")
        .scope("people:write")
        .fails_with({Errc::person_not_found, Errc::not_merged, Errc::not_mergeable,
            Errc::merge_in_progress, Errc::idempotency_key_reused});
}

}
