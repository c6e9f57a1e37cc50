#pragma once

#include "jobs/store.hpp"
#include "net/router.hpp"
#include "people/people.hpp"
#include "testing/api.hpp"
#include "testing/world.hpp"
#include "workspaces/workspaces.hpp"

/// For the tests of this folder: two workspaces' worth of routes, asked as an API key.
namespace hermod::people {

class PeopleWorld : public testing::World {
protected:
    PeopleWorld()
    {
        on_new_workspace([](db::Tx& tx) { workspaces::create_workspace(tx, {"Shop"}); });
        add_routes(api.router, deps);
        ours = make_workspace();
        act_in(ours);
    }

    void act_in(WorkspaceId const& workspace)
    {
        api.caller = {};
        api.caller.kind = Caller::Kind::api_key;
        api.caller.workspace = workspace;
        api.caller.person = PersonId::make(clock.now());
        api.caller.scopes = {"people:write"};
    }

    PersonId make_person(std::string const& body = "{}")
    {
        auto const answer = api.post(people, body);
        EXPECT_EQ(answer.status, 201) << json_to_text(answer.body);
        clock.advance(milliseconds{1});
        return *PersonId::parse(answer.text("id"));
    }

    std::vector<std::string> event_types()
    {
        return read(ours, [](db::Tx const& tx) {
            return tx.all<std::string>(
                "SELECT type FROM events WHERE workspace_id = $1 ORDER BY log_offset");
        });
    }
    /// How many events of the log hold this text.
    std::int64_t events_that_say(std::string const& text)
    {
        return *read(ours, [&](db::Tx const& tx) {
            return tx.one<std::int64_t>(
                "SELECT COUNT(*) FROM events WHERE workspace_id = $1 AND data LIKE $2",
                '%' + text + '%');
        });
    }
    json::value last_event()
    {
        auto const data = read(ours, [](db::Tx const& tx) {
            return tx.one<std::string>(
                "SELECT data FROM events WHERE workspace_id = $1 ORDER BY log_offset DESC LIMIT 1");
        });
        return json::parse(*data);
    }

    /// The workspace's newest job of this kind, as claimed by its worker for the first time.
    jobs::Claimed claim_job(std::string_view kind)
    {
        return write(ours, [&](db::Tx& tx) {
            auto const row = *tx.one<jobs::JobRow>(R"sql(
                SELECT {columns} FROM jobs WHERE workspace_id = $1 AND kind = $2
                ORDER BY position DESC LIMIT 1)sql",
                kind);
            jobs::update_claimed(tx, row, true);
            return jobs::Claimed{ours, row.id, row.kind, row.lane, row.order_key, row.payload, {},
                row.attempts + 1, row.claims + 1, row.created_at, false};
        });
    }

    std::string const people = "/api/v1/people";
    std::string one(PersonId const& id) { return people + '/' + id.str(); }

    Deps deps{db};
    testing::Api api{clock, metrics, io};
    WorkspaceId ours;
};

}
