#include "access/access_world_test.hpp"
#include "access/api_keys.hpp"
#include "testing/disturbed_database.hpp"

#include <thread>

namespace hermod::access {

class ApiKeysTest : public AccessWorld {
protected:
    ApiKeysTest()
    {
        auto const answer = sign_up();
        owner = bearer(answer.text("access_token"));
        workspace = *WorkspaceId::parse(answer.text("workspaces/0/id"));
    }

    net::Pairs owner;
    WorkspaceId workspace;
    std::string const path = "/api/v1/api_keys";
};

TEST_F(ApiKeysTest, a_key_is_shown_once_and_acts_as_its_own_bot)
{
    auto const made = new_key(owner, R"("scopes":["people:read"])");

    ASSERT_EQ(made.status, 201);
    auto const key = made.text("key");
    EXPECT_TRUE(key.starts_with("hk_live_"));
    EXPECT_EQ(made.text("prefix"), key.substr(0, 12));
    auto const listed = api.get(path, owner);
    EXPECT_EQ(listed.text("data/0/id"), made.text("id"));
    EXPECT_EQ(listed.find("data/0/key"), nullptr);
    EXPECT_EQ(json_to_text(listed.body).find(key), std::string::npos);
    auto const bot = api.get("/api/v1/people/" + made.text("person_id"), bearer(key));
    EXPECT_EQ(bot.text("kind"), "bot");
    EXPECT_EQ(bot.text("name"), "Robot");
    auto const me = api.get("/api/v1/me", {{"x-api-key", key}});
    EXPECT_EQ(me.text("kind"), "api_key");
    EXPECT_EQ(me.text("person_id"), made.text("person_id"));
    EXPECT_EQ(me.text("workspace_id"), workspace.str());
}

TEST_F(ApiKeysTest, the_plain_key_is_stored_nowhere)
{
    auto const key = new_key(owner, R"("scopes":["admin"])").text("key");

    auto const kept = read(workspace, [&](db::Tx const& tx) {
        std::string all;
        for (auto const& text :
            tx.all<std::string>("SELECT data FROM events WHERE workspace_id = $1"))
            all += text;
        for (auto const& text :
            tx.all<std::string>("SELECT body FROM idempotency WHERE workspace_id = $1"))
            all += text;
        return all;
    });
    EXPECT_EQ(kept.find(key), std::string::npos);
    EXPECT_NE(kept.find("Robot"), std::string::npos);
    EXPECT_EQ(run(db.system().read([&](db::GlobalTx const& tx) {
        return tx.one<std::int64_t>(
            "SELECT COUNT(*) FROM credentials WHERE hash = $1", sha256(key));
    })),
        1);
}

TEST_F(ApiKeysTest, a_repeated_request_makes_one_key_and_shows_it_once)
{
    auto as = owner;
    as.emplace_back("idempotency-key", "k1");

    auto const first = new_key(as, R"("scopes":["admin"])");
    auto const again = new_key(as, R"("scopes":["admin"])");

    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.text("id"), first.text("id"));
    EXPECT_NE(first.text("key"), "");
    EXPECT_TRUE(again.find("key")->is_null());
    EXPECT_EQ(api.get(path, owner).find("data")->get_array().size(), 1U);
}

TEST_F(ApiKeysTest, a_revoked_key_is_refused_at_once)
{
    auto const made = new_key(owner, R"("scopes":["people:read"])");
    auto const as = bearer(made.text("key"));
    ASSERT_EQ(api.get("/api/v1/people", as).status, 200);

    EXPECT_EQ(api.del(path + '/' + made.text("id"), owner).status, 204);

    EXPECT_EQ(api.get("/api/v1/people", as).code(), "unauthenticated");
    EXPECT_EQ(api.del(path + '/' + made.text("id"), owner).code(), "api_key_not_found");
    EXPECT_EQ(count("SELECT COUNT(*) FROM credentials"), 0);
}

TEST_F(ApiKeysTest, a_rotated_key_has_a_new_secret_and_the_same_bot)
{
    auto const made = new_key(owner, R"("scopes":["people:read"],"environment":"test")");
    ASSERT_EQ(api.get("/api/v1/people", bearer(made.text("key"))).status, 200);

    auto const rotated = api.post(path + '/' + made.text("id") + "/rotate", "", owner);

    ASSERT_EQ(rotated.status, 200);
    EXPECT_TRUE(rotated.text("key").starts_with("hk_test_"));
    EXPECT_NE(rotated.text("key"), made.text("key"));
    EXPECT_EQ(rotated.text("person_id"), made.text("person_id"));
    EXPECT_EQ(rotated.text("prefix"), rotated.text("key").substr(0, 12));
    EXPECT_EQ(api.get("/api/v1/people", bearer(made.text("key"))).code(), "unauthenticated");
    EXPECT_EQ(api.get("/api/v1/people", bearer(rotated.text("key"))).status, 200);
}

TEST_F(ApiKeysTest, a_key_ends_when_its_time_is_over)
{
    auto const made = new_key(owner,
        R"("scopes":["people:read"],"expires_at":")" + to_rfc3339(clock.now() + seconds{60}) + '"');
    auto const as = bearer(made.text("key"));
    ASSERT_EQ(api.get("/api/v1/people", as).status, 200);

    clock.advance(seconds{60});

    EXPECT_EQ(api.get("/api/v1/people", as).code(), "unauthenticated");
}

TEST_F(ApiKeysTest, nobody_hands_out_what_they_do_not_hold)
{
    auto const keeper =
        bearer(new_key(owner, R"("scopes":["api_keys:write","people:read"])").text("key"));
    auto const strong = new_key(owner, R"("scopes":["admin"])");

    EXPECT_EQ(new_key(keeper, R"("scopes":["people:read"])").status, 201);
    EXPECT_EQ(new_key(keeper, R"("scopes":["people:write"])").code(), "missing_scope");
    EXPECT_EQ(new_key(keeper, R"("scopes":["admin"])").code(), "missing_scope");
    EXPECT_EQ(
        api.post(path + '/' + strong.text("id") + "/rotate", "", keeper).code(), "missing_scope");
    EXPECT_EQ(api.get("/api/v1/me", bearer(strong.text("key"))).status, 200);
    auto const tester =
        bearer(new_key(owner, R"("scopes":["admin"],"environment":"test")").text("key"));
    EXPECT_EQ(new_key(tester, R"("scopes":["people:read"])").code(), "test_key_refused");
    EXPECT_EQ(new_key(tester, R"("scopes":["people:read"],"environment":"test")").status, 201);
}

TEST_F(ApiKeysTest, keys_of_another_workspace_do_not_exist)
{
    auto const made = new_key(owner, R"("scopes":["people:read"])");
    auto const other = bearer(sign_up("bo@example.com").text("access_token"));

    EXPECT_EQ(api.del(path + '/' + made.text("id"), other).code(), "api_key_not_found");
    EXPECT_EQ(
        api.post(path + '/' + made.text("id") + "/rotate", "", other).code(), "api_key_not_found");
    EXPECT_EQ(api.get(path, other).find("data")->get_array().size(), 0U);
    EXPECT_EQ(api.get("/api/v1/people", bearer(made.text("key"))).status, 200);
}

TEST_F(ApiKeysTest, use_is_written_at_most_once_a_minute)
{
    auto const made = new_key(owner, R"("scopes":["people:read"])");
    auto const as = bearer(made.text("key"));
    auto const last_used = [&] { return api.get(path, owner).text("data/0/last_used_at"); };

    auto const first = clock.now();
    api.get("/api/v1/people", as);
    EXPECT_EQ(last_used(), "");
    run(access.watch.write_uses());
    EXPECT_EQ(last_used(), to_rfc3339(first));

    clock.advance(seconds{30});
    api.get("/api/v1/people", as);
    run(access.watch.write_uses());
    EXPECT_EQ(last_used(), to_rfc3339(first));

    clock.advance(seconds{31});
    api.get("/api/v1/people", as);
    run(access.watch.write_uses());
    EXPECT_EQ(last_used(), to_rfc3339(first + seconds{61}));
}

TEST_F(ApiKeysTest, uses_of_a_workspace_are_one_write_and_come_again_where_it_fails)
{
    auto const one = new_key(owner, R"("scopes":["people:read"])");
    auto const two = new_key(owner, R"("scopes":["people:read"])");
    testing::DisturbedDatabase disturbed{db};
    Watch watch{disturbed, clock, access.cache};
    auto const used = clock.now();
    api.get("/api/v1/people", bearer(one.text("key")));
    api.get("/api/v1/people", bearer(two.text("key")));

    disturbed.writes_to_fail = 1;
    EXPECT_PROBLEM(run(watch.write_uses()), Errc::storage_unavailable);
    run(watch.write_uses());

    EXPECT_EQ(disturbed.writes, 2);
    auto const listed = api.get(path, owner);
    EXPECT_EQ(listed.text("data/0/last_used_at"), to_rfc3339(used));
    EXPECT_EQ(listed.text("data/1/last_used_at"), to_rfc3339(used));
}

TEST_F(ApiKeysTest, bad_input_is_told_by_field)
{
    std::vector<std::pair<std::string, std::string>> const table{
        {"{}", "name: is required; scopes: is required"},
        {R"({"name":"","scopes":["admin"]})", "name: must not be empty"},
        {R"({"name":"a","scopes":[]})", "scopes: must have 1 to 50 items"},
        {R"({"name":"a","scopes":["people:read","peple:read","people:delete","","admin:read"]})",
            "scopes[3]: must not be empty"},
        {R"({"name":"a","scopes":["people:read","peple:read"]})",
            "scopes[1]: must be <area>:read, <area>:write, messages:send, messages:send_as or "
            "admin"},
        {R"({"name":"a","scopes":["people:delete"]})",
            "scopes[0]: must be <area>:read, <area>:write, messages:send, messages:send_as or "
            "admin"},
        {R"({"name":"a","scopes":["admin"],"environment":"prod"})",
            "environment: must be one of live, test"},
        {R"({"name":"a","scopes":["admin"],"expires_at":"2001-01-01T00:00:00Z"})",
            "expires_at: must be in the future"},
        {R"({"name":"a","scopes":["admin"],"key":"hk_live_mine"})", "key: is not a known field"},
    };
    for (auto const& [body, fields] : table) {
        auto const answer = api.post(path, body, owner);
        EXPECT_EQ(answer.code(), "invalid_body") << body;
        EXPECT_EQ(testing::wrong_fields(answer), fields) << body;
    }
    EXPECT_EQ(api.del(path + "/key_1", owner).code(), "api_key_not_found");
    EXPECT_EQ(api.get(path, owner).find("data")->get_array().size(), 0U);
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

TEST_F(ApiKeysTest, the_command_line_makes_workspaces_and_keys)
{
    Register const command{{"bo@example.com"}, {"password"}, {"Bo"}, {"Bakery"}};

    auto const made = run(create_workspace_with_owner(db, access.passwords, command));
    auto const key = run(
        create_api_key_for(db, made.workspace, {{"Seed"}, {Environment::live}, {{{"admin"}}}, {}}));

    EXPECT_EQ(run(find_login(db, "BO@example.com")), made.login);
    EXPECT_EQ(api.get("/api/v1/me", bearer(*key.key)).text("workspace_id"), made.workspace.str());
    EXPECT_PROBLEM(
        run(create_workspace_with_owner(db, access.passwords, command)), Errc::email_taken);
    EXPECT_PROBLEM(run(create_api_key_for(db, WorkspaceId::make(clock.now()),
                       {{"Seed"}, {Environment::live}, {{{"admin"}}}, {}})),
        Errc::workspace_not_found);
}

TEST_F(ApiKeysTest, a_rotated_keys_old_secret_stays_good_for_the_overlap)
{
    Node other{db, clock, io, keyring};
    auto const made = new_key(owner, R"("scopes":["people:read"])");
    auto const old = made.text("key");
    auto const rotate = path + '/' + made.text("id") + "/rotate";
    ASSERT_EQ(api.get("/api/v1/me", bearer(old)).status, 200);

    auto const rotated = api.post(rotate + "?overlap=600", "", owner);

    EXPECT_EQ(rotated.text("old_key_ends_at"), api.get(path, owner).text("data/0/old_key_ends_at"));
    EXPECT_FALSE(rotated.text("old_key_ends_at").empty());
    clock.advance(seconds{599});
    for (auto const& key : {old, rotated.text("key")}) {
        EXPECT_EQ(api.get("/api/v1/me", bearer(key)).text("api_key_id"), made.text("id"));
        EXPECT_EQ(other.api.get("/api/v1/me", bearer(key)).status, 200);
    }
    clock.advance(seconds{1});
    EXPECT_EQ(api.get("/api/v1/me", bearer(old)).status, 401);
    EXPECT_EQ(other.api.get("/api/v1/me", bearer(old)).status, 401);
    EXPECT_EQ(api.get("/api/v1/me", bearer(rotated.text("key"))).status, 200);
    EXPECT_TRUE(api.get(path, owner).find("data/0/old_key_ends_at")->is_null());
    run(access.watch.sweep());
    EXPECT_EQ(count("SELECT COUNT(*) FROM credentials"), 1);
}

TEST_F(ApiKeysTest, of_two_rotations_only_the_younger_secret_overlaps)
{
    auto const made = new_key(owner, R"("scopes":["people:read"])");
    auto const rotate = path + '/' + made.text("id") + "/rotate?overlap=600";
    auto const second = api.post(rotate, "", owner).text("key");
    auto const third = api.post(rotate, "", owner).text("key");

    EXPECT_EQ(api.get("/api/v1/me", bearer(made.text("key"))).status, 401);
    EXPECT_EQ(api.get("/api/v1/me", bearer(second)).status, 200);
    EXPECT_EQ(api.get("/api/v1/me", bearer(third)).status, 200);
    EXPECT_EQ(api.del(path + '/' + made.text("id"), owner).status, 204);
    EXPECT_EQ(api.get("/api/v1/me", bearer(second)).status, 401);
    EXPECT_EQ(api.get("/api/v1/me", bearer(third)).status, 401);
    EXPECT_EQ(count("SELECT COUNT(*) FROM credentials"), 0);
}

TEST_F(ApiKeysTest, the_overlap_has_bounds)
{
    auto const rotate =
        path + '/' + new_key(owner, R"("scopes":["people:read"])").text("id") + "/rotate";

    for (std::string const overlap : {"-1", "604801", "x", ""})
        EXPECT_EQ(api.post(rotate + "?overlap=" + overlap, "", owner).code(), "invalid_query");
}

}
