#include "access/access_world_test.hpp"
#include "workspaces/audit.hpp"

namespace hermod::access {

class AuditLogTest : public AccessWorld {
protected:
    AuditLogTest()
    {
        owner = sign_up();
        as = bearer(owner.text("access_token"));
    }

    testing::Answer list(std::string const& query = {})
    {
        return api.get("/api/v1/audit_log" + query, as);
    }
    std::vector<std::string> actions_of(std::string const& query)
    {
        std::vector<std::string> names;
        auto const answer = list(query);
        for (auto const& entry : answer.body.at("data").get_array())
            names.emplace_back(entry.at("action").get_string());
        return names;
    }

    testing::Answer owner;
    net::Pairs as;
};

using Names = std::vector<std::string>;

TEST_F(AuditLogTest, each_administrative_act_is_there_with_who_did_it)
{
    clock.advance(seconds{1});
    auto headers = as;
    headers.emplace_back("x-request-id", "req-7");
    api.remote_address = "10.9.9.9";
    auto const key = new_key(headers, R"("scopes":["people:read","messages:send"])");

    auto const entry = list();

    EXPECT_EQ(entry.text("data/0/action"), "api_key.created");
    EXPECT_EQ(entry.text("data/0/target"), key.text("id"));
    EXPECT_EQ(entry.text("data/0/actor/kind"), "member");
    EXPECT_EQ(entry.text("data/0/actor/person_id"), owner.text("workspaces/0/person_id"));
    EXPECT_EQ(entry.text("data/0/actor/login_id"), owner.text("login/id"));
    EXPECT_EQ(entry.text("data/0/request_id"), "req-7");
    EXPECT_EQ(entry.text("data/0/remote_address"), "10.9.9.9");
    EXPECT_EQ(entry.text("data/0/details/2/name"), "scopes");
    EXPECT_EQ(entry.text("data/0/details/2/value"), "people:read messages:send");
    EXPECT_EQ(json_to_text(entry.body).find(key.text("key")), std::string::npos);
}

TEST_F(AuditLogTest, keys_workspaces_members_and_sessions_leave_a_trace)
{
    auto const workspace = owner.text("workspaces/0/id");
    auto const bo = join(*WorkspaceId::parse(workspace), Role::viewer);
    auto const step = [&] { clock.advance(seconds{1}); };
    step();
    auto const key = new_key(as, R"("scopes":["admin"])");
    step();
    api.post("/api/v1/api_keys/" + key.text("id") + "/rotate?overlap=60", "", as);
    step();
    api.del("/api/v1/api_keys/" + key.text("id"), as);
    step();
    api.patch("/api/v1/workspaces/" + workspace, R"({"name":"Bakery"})", as);
    step();
    auto const members = api.get("/api/v1/workspaces/" + workspace + "/members", as);
    auto const path =
        "/api/v1/workspaces/" + workspace + "/members/" + members.text("data/1/person_id");
    api.patch(path, R"({"role":"agent"})", as);
    step();
    api.del(path, as);
    step();
    auto const again = bearer(log_in("correct horse").text("access_token"));
    step();
    api.post("/api/v1/auth/logout", "", again);

    EXPECT_EQ(actions_of("?since=2026-01-01T00:00:00Z").size(), actions_of("").size());
    Names const expected{"session.ended", "session.created", "member.removed",
        "member.role_changed", "workspace.updated", "api_key.revoked", "api_key.rotated",
        "api_key.created"};
    auto all = actions_of("");
    all.resize(expected.size());
    EXPECT_EQ(all, expected);
}

TEST_F(AuditLogTest, it_is_filtered_by_action_actor_target_and_time)
{
    clock.advance(seconds{10});
    auto const first = new_key(as, R"("scopes":["admin"])");
    clock.advance(seconds{10});
    auto const second = new_key(bearer(first.text("key")), R"("scopes":["people:read"])");

    EXPECT_EQ(actions_of("?action=api_key.created").size(), 2U);
    EXPECT_EQ(actions_of("?action=nothing"), Names{});
    EXPECT_EQ(actions_of("?target=" + second.text("id")), Names{"api_key.created"});
    EXPECT_EQ(actions_of("?person_id=" + first.text("person_id")), Names{"api_key.created"});
    EXPECT_EQ(list("?person_id=" + first.text("person_id")).text("data/0/actor/kind"), "api_key");
    EXPECT_EQ(
        actions_of("?action=session.created&person_id=" + owner.text("workspaces/0/person_id")),
        Names{"session.created"});
    EXPECT_EQ(actions_of("?since=" + second.text("created_at")), Names{"api_key.created"});
    EXPECT_EQ(actions_of("?action=api_key.created&until=" + second.text("created_at")).size(), 1U);
}

TEST_F(AuditLogTest, pages_hold_each_entry_once)
{
    for (int i = 0; i < 7; ++i) {
        new_key(as, R"("scopes":["people:read"])");
        log_in("correct horse");
    }
    Names ids;
    std::string next;
    do {
        auto const page = list("?limit=3" + (next.empty() ? "" : "&cursor=" + next));
        for (auto const& entry : page.body.at("data").get_array())
            ids.emplace_back(entry.at("id").get_string());
        next = page.text("next");
    } while (!next.empty());

    EXPECT_EQ(ids.size(), 16U); // 7 keys, 8 sessions, the workspace
    std::ranges::sort(ids);
    EXPECT_EQ(std::ranges::adjacent_find(ids), ids.end());
}

TEST_F(AuditLogTest, it_is_for_admins_and_of_one_workspace)
{
    auto const stranger = bearer(sign_up("eve@example.com").text("access_token"));
    auto const key = new_key(as, R"("scopes":["workspaces:write"])");

    EXPECT_EQ(api.get("/api/v1/audit_log", bearer(key.text("key"))).code(), "missing_scope");
    auto const theirs = json_to_text(api.get("/api/v1/audit_log", stranger).body);
    EXPECT_EQ(theirs.find(key.text("id")), std::string::npos);
    EXPECT_EQ(theirs.find(owner.text("login/id")), std::string::npos);
    auto all = actions(stranger);
    std::ranges::sort(all);
    EXPECT_EQ(all, (Names{"session.created", "workspace.created"}));
}

TEST_F(AuditLogTest, what_fails_leaves_no_trace)
{
    auto const before = actions_of("").size();

    new_key(as, R"("scopes":["nothing"])");
    log_in("wrong");
    api.del("/api/v1/api_keys/" + KeyId::make(clock.now()).str(), as);

    EXPECT_EQ(actions_of("").size(), before);
}

TEST_F(AuditLogTest, a_cursor_that_is_none_is_refused)
{
    for (auto const& fields : {Names{"x"}, Names{"x", "aud_x"},
             Names{"1x", AuditId::make(clock.now()).str()}, Names{"1", "2", "3"}})
        EXPECT_EQ(list("?cursor=" + net::encode_cursor(fields)).code(), "invalid_cursor");
    EXPECT_EQ(list("?cursor=x").code(), "invalid_cursor");
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

TEST_F(AuditLogTest, old_entries_are_swept)
{
    auto const workspace = *WorkspaceId::parse(owner.text("workspaces/0/id"));
    new_key(as, R"("scopes":["admin"])");
    auto const sweep = [&](Timestamp before) {
        return write(
            workspace, [&](db::Tx& tx) { return workspaces::delete_old_audit(tx, before, 100); });
    };

    EXPECT_EQ(sweep(clock.now()), 0);
    EXPECT_EQ(sweep(clock.now() + seconds{1}), 2);
}

}
