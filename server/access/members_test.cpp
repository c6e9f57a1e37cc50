#include "access/access_world_test.hpp"
#include "access/members.hpp"

namespace hermod::access {

class MembersTest : public AccessWorld {
protected:
    MembersTest()
    {
        owner = sign_up();
        as = bearer(owner.text("access_token"));
        workspace = *WorkspaceId::parse(owner.text("workspaces/0/id"));
        owner_person = owner.text("workspaces/0/person_id");
        path = "/api/v1/workspaces/" + workspace.str() + "/members/";
    }

    testing::Answer change(
        net::Pairs const& headers, std::string const& person, std::string const& role)
    {
        return api.patch(path + person, R"({"role":")" + role + R"("})", headers);
    }
    net::Pairs in_workspace(testing::Answer const& session)
    {
        return bearer_in(session.text("access_token"), workspace.str());
    }
    /// Their person in the first workspace: a second one of their own came with registering.
    std::string person_of(testing::Answer const& session)
    {
        for (auto const& one : session.body.at("workspaces").get_array())
            if (one.at("id").get_string() == workspace.str())
                return std::string{one.at("person_id").get_string()};
        return {};
    }

    testing::Answer owner;
    net::Pairs as;
    WorkspaceId workspace;
    std::string owner_person;
    std::string path;
};

TEST_F(MembersTest, a_new_role_holds_at_once_and_everywhere)
{
    auto const bo = join(workspace, Role::viewer);
    Node other{db, clock, io, keyring};
    run(other.access.watch.look());
    auto const body = R"({"name":"New"})";
    ASSERT_EQ(api.post("/api/v1/people", body, in_workspace(bo)).code(), "missing_scope");
    ASSERT_EQ(other.api.post("/api/v1/people", body, in_workspace(bo)).code(), "missing_scope");

    auto const changed = change(as, person_of(bo), "agent");
    run(other.access.watch.look());

    EXPECT_EQ(changed.text("role"), "agent");
    EXPECT_EQ(changed.text("person_id"), person_of(bo));
    EXPECT_EQ(api.post("/api/v1/people", body, in_workspace(bo)).status, 201);
    EXPECT_EQ(other.api.post("/api/v1/people", body, in_workspace(bo)).status, 201);
    EXPECT_EQ(api.get("/api/v1/people/" + person_of(bo), as).text("role"), "agent");
}

TEST_F(MembersTest, a_removed_member_is_out_everywhere_and_their_person_stays)
{
    auto const bo = join(workspace, Role::admin);
    Node other{db, clock, io, keyring};
    run(other.access.watch.look());
    ASSERT_EQ(api.get("/api/v1/people", in_workspace(bo)).status, 200);
    ASSERT_EQ(other.api.get("/api/v1/people", in_workspace(bo)).status, 200);

    EXPECT_EQ(api.del(path + person_of(bo), as).status, 204);
    run(other.access.watch.look());

    EXPECT_EQ(api.get("/api/v1/people", in_workspace(bo)).code(), "workspace_not_found");
    EXPECT_EQ(other.api.get("/api/v1/people", in_workspace(bo)).code(), "workspace_not_found");
    auto const person = api.get("/api/v1/people/" + person_of(bo), as);
    EXPECT_EQ(person.text("kind"), "contact");
    EXPECT_TRUE(person.find("role")->is_null());
    EXPECT_EQ(person.text("name"), "Bo");
    EXPECT_EQ(api.del(path + person_of(bo), as).code(), "person_not_found");
    // The login lives on, in its own workspace.
    EXPECT_EQ(api.get("/api/v1/me", bearer(bo.text("access_token"))).status, 200);
    EXPECT_EQ(api.get(path.substr(0, path.size() - 1), as).find("data")->get_array().size(), 1U);
}

TEST_F(MembersTest, one_owner_always_stays)
{
    EXPECT_EQ(change(as, owner_person, "admin").code(), "last_owner");
    EXPECT_EQ(api.del(path + owner_person, as).code(), "last_owner");

    auto const bo = join(workspace, Role::owner);
    EXPECT_EQ(change(as, owner_person, "admin").status, 200);
    EXPECT_EQ(change(in_workspace(bo), person_of(bo), "viewer").code(), "last_owner");
    EXPECT_EQ(api.del(path + person_of(bo), in_workspace(bo)).code(), "last_owner");
    EXPECT_EQ(api.get(path.substr(0, path.size() - 1), as).find("data")->get_array().size(), 2U);
}

TEST_F(MembersTest, anybody_may_leave)
{
    auto const bo = join(workspace, Role::viewer);
    clock.advance(seconds{1});

    EXPECT_EQ(api.del(path + person_of(bo), in_workspace(bo)).status, 204);

    EXPECT_EQ(api.get("/api/v1/people", in_workspace(bo)).code(), "workspace_not_found");
    EXPECT_EQ(actions(as)[0], "member.left");
}

TEST_F(MembersTest, who_left_the_last_workspace_is_told_so)
{
    auto const bo = join(workspace, Role::viewer);
    auto const own = bo.text("workspaces/0/id") == workspace.str() ? bo.text("workspaces/1/id")
                                                                   : bo.text("workspaces/0/id");
    run(db.system().write([&](db::GlobalTx& tx) {
        tx.run("DELETE FROM memberships WHERE workspace_id = $1", *WorkspaceId::parse(own));
    }));
    EXPECT_EQ(api.del(path + person_of(bo), in_workspace(bo)).status, 204);

    EXPECT_EQ(api.get("/api/v1/people", bearer(bo.text("access_token"))).code(), "forbidden");
    EXPECT_EQ(api.get("/api/v1/me", bearer(bo.text("access_token"))).status, 200);
}

struct Attempt {
    Role actor;
    Role target;
    std::string to; ///< empty: remove
    std::string code;
};

TEST_F(MembersTest, who_may_do_what_to_whom)
{
    std::vector<Attempt> const table{
        {Role::admin, Role::viewer, "agent", ""},
        {Role::admin, Role::admin, "agent", ""},
        {Role::admin, Role::viewer, "owner", "forbidden"},
        {Role::admin, Role::owner, "admin", "forbidden"},
        {Role::admin, Role::owner, "", "forbidden"},
        {Role::admin, Role::agent, "", ""},
        {Role::owner, Role::admin, "owner", ""},
        {Role::owner, Role::owner, "viewer", ""},
        {Role::owner, Role::owner, "", ""},
        {Role::agent, Role::viewer, "agent", "missing_scope"},
        {Role::agent, Role::viewer, "", "missing_scope"},
        {Role::viewer, Role::viewer, "owner", "missing_scope"},
    };
    int at = 0;
    for (auto const& [actor, target, to, code] : table) {
        auto const n = std::to_string(++at);
        auto const who = join(workspace, actor, "a" + n + "@example.com");
        auto const whom = join(workspace, target, "b" + n + "@example.com");

        auto const answer = to.empty() ? api.del(path + person_of(whom), in_workspace(who))
                                       : change(in_workspace(who), person_of(whom), to);

        EXPECT_EQ(answer.code(), code) << n;
        clock.advance(seconds{60}); // as each of them signed up and in from one address
    }
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

TEST_F(MembersTest, a_key_is_never_an_owner)
{
    auto const admin = bearer(new_key(as, R"("scopes":["admin"])").text("key"));
    auto const reader = bearer(new_key(as, R"("scopes":["workspaces:read"])").text("key"));
    auto const bo = join(workspace, Role::viewer);

    EXPECT_EQ(change(admin, person_of(bo), "agent").status, 200);
    EXPECT_EQ(change(admin, person_of(bo), "owner").code(), "forbidden");
    EXPECT_EQ(change(admin, owner_person, "viewer").code(), "forbidden");
    EXPECT_EQ(api.del(path + owner_person, admin).code(), "forbidden");
    EXPECT_EQ(change(admin, owner_person, "owner").status, 200) << "that changes nothing";
    EXPECT_EQ(change(reader, person_of(bo), "viewer").code(), "missing_scope");
    EXPECT_EQ(api.del(path + person_of(bo), reader).code(), "missing_scope");
}

TEST_F(MembersTest, another_workspaces_members_do_not_exist)
{
    auto const stranger = sign_up("eve@example.com");
    auto const theirs = bearer(stranger.text("access_token"));
    auto const their_path = "/api/v1/workspaces/" + stranger.text("workspaces/0/id") + "/members/";

    EXPECT_EQ(change(theirs, owner_person, "viewer").code(), "workspace_not_found");
    EXPECT_EQ(api.del(path + owner_person, theirs).code(), "workspace_not_found");
    EXPECT_EQ(api.patch(their_path + owner_person, R"({"role":"viewer"})", theirs).code(),
        "person_not_found");
    EXPECT_EQ(api.del(their_path + owner_person, theirs).code(), "person_not_found");
    for (std::string const id : {"x", "per_x"})
        EXPECT_EQ(change(as, id, "viewer").code(), "person_not_found");
}

TEST_F(MembersTest, two_owners_who_unmake_each_other_leave_one)
{
    auto const bo = join(workspace, Role::owner);
    auto const bo_person = *PersonId::parse(person_of(bo));
    auto const ana_person = *PersonId::parse(owner_person);
    auto const caller_of = [&](testing::Answer const& session, PersonId const& person) {
        Caller caller;
        caller.kind = Caller::Kind::session;
        caller.login = *LoginId::parse(session.text("login/id"));
        caller.workspace = workspace;
        caller.person = person;
        caller.role = Role::owner;
        return caller;
    };
    auto const ana = caller_of(owner, ana_person);
    auto const other = caller_of(bo, bo_person);
    std::vector<std::string> outcomes;
    Tasks tasks;
    auto const remove = [&](Caller const& who, PersonId const& whom) {
        tasks.spawn(io, "remove", [&]() -> Task<void> {
            try {
                co_await remove_member(access.deps, who, workspace, whom);
                outcomes.emplace_back("removed");
            } catch (Problem const& problem) {
                outcomes.emplace_back(info(problem.code).name);
            }
        });
    };

    remove(ana, bo_person);
    remove(other, ana_person);
    ASSERT_TRUE(drive_until([&] { return outcomes.size() == 2; }));

    std::ranges::sort(outcomes);
    EXPECT_EQ(outcomes, (std::vector<std::string>{"removed", "workspace_not_found"}));
    EXPECT_EQ(count("SELECT COUNT(*) FROM memberships WHERE role = 'owner'"), 2)
        << "one here, and one in the workspace that Bo registered";
}

}
