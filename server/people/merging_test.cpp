#include "people/merging.hpp"
#include "people/people_world_test.hpp"

#include <algorithm>

namespace hermod::people {

namespace {

/// Has so many places to move, and counts what is moved.
class FakeFollower final : public MergeFollower {
public:
    std::int64_t follow(db::Tx&, Merge const&, std::int64_t limit) const override
    {
        return step(there, limit);
    }
    std::int64_t go_back(db::Tx&, Merge const&, std::int64_t limit) const override
    {
        return step(back, limit);
    }

    mutable std::int64_t there = 0;
    mutable std::int64_t back = 0;

private:
    static std::int64_t step(std::int64_t& left, std::int64_t limit)
    {
        auto const moved = std::min(left, limit);
        left -= moved;
        return moved;
    }
};

class MergingTest : public PeopleWorld {
protected:
    MergingTest() { add_merge_routes(api.router, merge_deps); }

    testing::Answer merge(PersonId const& survivor, PersonId const& other, net::Pairs headers = {})
    {
        return api.post(
            one(survivor) + "/merge", R"({"person_id":")" + other.str() + R"("})", headers);
    }
    testing::Answer unmerge(PersonId const& survivor, PersonId const& other)
    {
        return api.post(one(survivor) + "/unmerge", R"({"person_id":")" + other.str() + R"("})");
    }
    PersonId resolved(PersonId const& id)
    {
        return read(ours, [&](db::Tx const& tx) { return survivor_of(tx, id); });
    }
    std::vector<std::int64_t> identity_offsets(std::vector<PersonId> const& ids)
    {
        return read(ours, [&](db::Tx const& tx) {
            std::vector<std::int64_t> offsets;
            for (auto const& id : ids)
                offsets.push_back(*tx.one<std::int64_t>(
                    "SELECT identity_offset FROM people WHERE workspace_id = $1 AND id = $2", id));
            return offsets;
        });
    }
    std::size_t count_merged()
    {
        auto const types = event_types();
        return static_cast<std::size_t>(std::ranges::count(types, "person.merged"));
    }

    FakeFollower follower;
    MergeDeps merge_deps{db, follower};
};

}

TEST_F(MergingTest, chains_lead_to_the_last_survivor_and_are_undone_from_the_end)
{
    auto const a = make_person(R"({"addresses":[{"kind":"email","value":"a@b.co"}]})");
    auto const b = make_person();
    auto const c = make_person();

    EXPECT_EQ(merge(b, a).text("id"), b.str());
    EXPECT_EQ(merge(c, b).text("id"), c.str());

    EXPECT_EQ(api.get(one(a)).text("id"), c.str());
    EXPECT_EQ(resolved(a), c);
    EXPECT_EQ(unmerge(c, a).code(), "not_mergeable");
    EXPECT_EQ(unmerge(c, b).text("id"), b.str());
    EXPECT_EQ(api.get(one(a)).text("id"), b.str());
    EXPECT_EQ(api.get(one(a)).text("addresses/0/value"), "a@b.co");
    EXPECT_EQ(unmerge(b, a).text("addresses/0/value"), "a@b.co");
    EXPECT_EQ(api.get(one(b)).find("addresses")->get_array().size(), 0U);
}

TEST_F(MergingTest, a_circle_is_one_merge_less_than_it_has_people)
{
    auto const a = make_person();
    auto const b = make_person();
    auto const c = make_person();

    EXPECT_EQ(merge(b, a).status, 200);
    EXPECT_EQ(merge(c, b).status, 200);
    EXPECT_EQ(merge(a, c).text("id"), c.str());
    EXPECT_EQ(merge(c, a).text("id"), c.str());

    EXPECT_EQ(count_merged(), 2U);
}

TEST_F(MergingTest, an_alias_is_written_to_as_its_survivor)
{
    auto const a = make_person();
    auto const b = make_person(R"({"name":"Bo"})");
    merge(b, a);

    EXPECT_EQ(api.patch(one(a), R"({"name":"Al"})").text("id"), b.str());
    auto const address =
        api.post(one(a) + "/addresses", R"({"kind":"phone","value":"+12025550100"})");
    EXPECT_EQ(api.get(one(b)).text("addresses/0/id"), address.text("id"));
    EXPECT_EQ(api.del(one(a) + "/addresses/" + address.text("id")).status, 204);
    EXPECT_EQ(api.get(one(b)).text("name"), "Al");
}

TEST_F(MergingTest, deleting_a_survivor_erases_all_they_are_made_of)
{
    auto const a = make_person(R"({"external_id":"x1","name":"Ana One"})");
    auto const b = make_person(R"({"external_id":"x2","name":"Ana Two"})");
    merge(b, a);

    EXPECT_EQ(api.del(one(a)).status, 204);

    EXPECT_EQ(api.get(one(a)).code(), "person_not_found");
    EXPECT_EQ(api.get(one(b)).code(), "person_not_found");
    EXPECT_EQ(events_that_say("Ana "), 0);
    EXPECT_EQ(unmerge(b, a).code(), "person_not_found");
    EXPECT_EQ(last_event().at("person").at("id").get_string(), b.str());
    make_person(R"({"external_id":"x1"})");
    make_person(R"({"external_id":"x2"})");
}

TEST_F(MergingTest, a_survivor_may_take_a_merged_external_id_as_their_own)
{
    auto const a = make_person(R"({"external_id":"x1"})");
    auto const b = make_person(R"({"external_id":"x2"})");
    merge(b, a);

    EXPECT_EQ(api.patch(one(b), R"({"external_id":"x1"})").text("external_id"), "x1");
    auto const back = unmerge(b, a);

    EXPECT_EQ(back.text("id"), a.str());
    EXPECT_EQ(back.text("kind"), "contact");
    EXPECT_EQ(api.get(one(b)).text("external_id"), "x1");
}

TEST_F(MergingTest, what_the_survivor_changed_since_is_theirs)
{
    auto const a = make_person(R"({"external_id":"x1","name":"Al","attributes":{"k":1,"l":2}})");
    auto const b = make_person();
    merge(b, a);
    api.patch(one(b), R"({"external_id":"x3","name":"Bo","attributes":{"k":7,"l":2}})");

    auto const back = unmerge(b, a);

    EXPECT_EQ(back.text("external_id"), "x1");
    EXPECT_EQ(back.text("name"), "Al");
    auto const left = api.get(one(b));
    EXPECT_EQ(left.text("external_id"), "x3");
    EXPECT_EQ(left.text("name"), "Bo");
    EXPECT_EQ(json_to_text(*left.find("attributes")), R"({"k":7})");
}

TEST_F(MergingTest, too_much_for_one_person_is_refused_and_changes_nothing)
{
    auto const large = [](char c) {
        return R"({"attributes":{")" + std::string{c} + R"(":")" + std::string(9000, c) + R"("}})";
    };
    auto const a = make_person(large('a'));
    auto const b = make_person(large('b'));

    EXPECT_EQ(merge(b, a).code(), "limit_reached");

    EXPECT_EQ(api.get(one(a)).text("id"), a.str());
    EXPECT_EQ(count_merged(), 0U);
}

TEST_F(MergingTest, a_repeated_request_gets_its_first_answer)
{
    auto const a = make_person();
    auto const b = make_person();
    net::Pairs const key{{"idempotency-key", "k1"}};

    auto const first = merge(b, a, key);
    unmerge(b, a);
    auto const again = merge(b, a, key);

    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(resolved(a), a);
}

TEST_F(MergingTest, while_conversations_are_on_their_way_nothing_else_is_merged)
{
    auto const a = make_person();
    auto const b = make_person();
    auto const c = make_person();
    MergeWorker worker{db, follower};
    follower.there = 60;

    EXPECT_EQ(merge(b, a).status, 200);
    EXPECT_EQ(follower.there, 35);
    EXPECT_EQ(merge(c, b).code(), "merge_in_progress");
    EXPECT_EQ(unmerge(b, a).code(), "merge_in_progress");
    auto const ended = run(worker.run(claim_job("follow_merge")));

    EXPECT_EQ(ended.state, jobs::State::done);
    EXPECT_EQ(follower.there, 0);
    follower.back = 30;
    EXPECT_EQ(unmerge(b, a).status, 200);
    EXPECT_EQ(merge(b, c).code(), "merge_in_progress");
    run(worker.recover(claim_job("follow_merge")));
    EXPECT_EQ(follower.back, 0);
    EXPECT_EQ(merge(b, c).status, 200);
}

TEST_F(MergingTest, every_id_whose_meaning_changes_takes_the_offset_of_its_event)
{
    auto const a = make_person();
    auto const b = make_person();
    auto const c = make_person();
    auto const last = [&] { return static_cast<std::int64_t>(event_types().size()); };
    using Offsets = std::vector<std::int64_t>;
    EXPECT_EQ(identity_offsets({a, b, c}), (Offsets{0, 0, 0})) << "nobody knew them before";

    merge(b, a);
    auto const first = last();
    EXPECT_EQ(identity_offsets({a, b, c}), (Offsets{first, first, 0}));
    merge(c, b);
    EXPECT_EQ(identity_offsets({a, b, c}), (Offsets{last(), last(), last()}));
    unmerge(c, b);
    EXPECT_EQ(identity_offsets({a, b, c}), (Offsets{last(), last(), last() - 1}));
    EXPECT_EQ(json_to_text(last_event().at("aliases")), R"([")" + a.str() + R"("])");
    api.patch(one(b), R"({"name":"Bo"})");
    EXPECT_EQ(identity_offsets({a, b}), (Offsets{last(), last()})) << "a is called Bo, too";
    api.patch(one(b), R"({"attributes":{"k":1}})");
    EXPECT_EQ(identity_offsets({b}), (Offsets{last() - 1})) << "no name changed";
    api.del(one(b));
    EXPECT_EQ(identity_offsets({a, b}), (Offsets{last(), last()}));
}

TEST_F(MergingTest, who_merged_and_told_apart_is_written_down_once)
{
    auto const a = make_person();
    auto const b = make_person();
    merge(b, a);
    merge(b, a);
    unmerge(b, a);

    auto const entries = read(ours, [](db::Tx const& tx) {
        return tx.all<std::tuple<std::string, std::string, std::optional<PersonId>>>(R"sql(
            SELECT action, target, actor_person_id FROM audit_log WHERE workspace_id = $1
            ORDER BY created_at, action)sql");
    });

    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0], std::tuple("person.merged", b.str(), api.caller.person));
    EXPECT_EQ(entries[1], std::tuple("person.unmerged", a.str(), api.caller.person));
}

TEST_F(MergingTest, people_of_another_workspace_are_not_merged)
{
    auto const theirs = make_person();
    auto const merged = make_person();
    merge(theirs, merged);
    act_in(make_workspace());
    auto const own = make_person();

    EXPECT_EQ(merge(own, theirs).code(), "person_not_found");
    EXPECT_EQ(merge(theirs, own).code(), "person_not_found");
    EXPECT_EQ(merge(own, merged).code(), "person_not_found");
    EXPECT_EQ(unmerge(theirs, merged).code(), "person_not_found");
    EXPECT_EQ(unmerge(own, merged).code(), "person_not_found");
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

}
