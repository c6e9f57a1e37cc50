#include "access/access_world_test.hpp"

namespace hermod::access {

class WorkspaceRoutesTest : public AccessWorld {
protected:
    WorkspaceRoutesTest()
    {
        auto const answer = sign_up();
        ana = bearer(answer.text("access_token"));
        shop = path + '/' + answer.text("workspaces/0/id");
    }

    std::string const path = "/api/v1/workspaces";
    net::Pairs ana;
    std::string shop;
};

TEST_F(WorkspaceRoutesTest, a_login_lists_and_makes_its_workspaces)
{
    clock.advance(seconds{1});

    auto const made = api.post(path, R"({"name":"Bakery"})", ana);

    ASSERT_EQ(made.status, 201);
    EXPECT_EQ(made.text("role"), "owner");
    auto const listed = api.get(path, ana);
    EXPECT_EQ(listed.text("data/0/name"), "Shop");
    EXPECT_EQ(*listed.find("data/1"), made.body);
    EXPECT_EQ(api.get(path + '/' + made.text("id"), ana).text("name"), "Bakery");
}

TEST_F(WorkspaceRoutesTest, a_repeated_request_makes_one_workspace_until_its_key_is_forgotten)
{
    auto as = ana;
    as.emplace_back("idempotency-key", "k1");

    auto const first = api.post(path, R"({"name":"Bakery"})", as);
    auto const again = api.post(path, R"({"name":"Bakery"})", as);
    auto const other = api.post(path, R"({"name":"Brewery"})", as);

    ASSERT_EQ(first.status, 201);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(other.code(), "idempotency_key_reused");

    clock.advance(std::chrono::hours{25});
    auto const token = log_in("correct horse").text("access_token");
    as.front() = bearer(token).front();
    auto const next_day = api.post(path, R"({"name":"Bakery"})", as);
    auto const next_again = api.post(path, R"({"name":"Bakery"})", as);
    EXPECT_EQ(next_day.status, 201);
    EXPECT_NE(next_day.text("id"), first.text("id"));
    EXPECT_EQ(next_again.body, next_day.body);
}

TEST_F(WorkspaceRoutesTest, a_new_name_is_seen_everywhere)
{
    EXPECT_EQ(api.patch(shop, R"({"name":"Store"})", ana).text("name"), "Store");

    EXPECT_EQ(api.get(path, ana).text("data/0/name"), "Store");
    EXPECT_EQ(api.get(shop, ana).text("name"), "Store");
    auto const types =
        read(*WorkspaceId::parse(shop.substr(path.size() + 1)), [](db::Tx const& tx) {
            return tx.all<std::string>(
                "SELECT type FROM events WHERE workspace_id = $1 ORDER BY log_offset");
        });
    EXPECT_EQ(types.back(), "workspace.updated");
}

TEST_F(WorkspaceRoutesTest, members_are_listed)
{
    auto const members = api.get(shop + "/members", ana);

    EXPECT_EQ(members.find("data")->get_array().size(), 1U);
    EXPECT_EQ(members.text("data/0/email"), "ana@example.com");
    EXPECT_EQ(members.text("data/0/role"), "owner");
}

TEST_F(WorkspaceRoutesTest, the_workspace_of_another_does_not_exist)
{
    auto const bo = bearer(sign_up("bo@example.com").text("access_token"));
    auto const key = bearer(new_key(bo, R"("scopes":["admin"])").text("key"));

    for (auto const& stranger : {bo, key}) {
        EXPECT_EQ(api.get(shop, stranger).code(), "workspace_not_found");
        EXPECT_EQ(api.patch(shop, R"({"name":"Mine"})", stranger).code(), "workspace_not_found");
        EXPECT_EQ(api.get(shop + "/members", stranger).code(), "workspace_not_found");
    }
    EXPECT_EQ(api.get(shop, ana).text("name"), "Shop");
    EXPECT_EQ(api.get(shop + "x", ana).code(), "workspace_not_found");
}

TEST_F(WorkspaceRoutesTest, a_key_may_what_its_scopes_say_and_makes_no_workspaces)
{
    auto const key = bearer(new_key(ana, R"("scopes":["workspaces:read"])").text("key"));

    EXPECT_EQ(api.get(shop, key).status, 200);
    EXPECT_EQ(api.patch(shop, R"({"name":"x"})", key).code(), "missing_scope");
    EXPECT_EQ(api.post(path, R"({"name":"x"})", key).code(), "forbidden");
    EXPECT_EQ(api.get(path, key).code(), "forbidden");
    EXPECT_EQ(api.post("/api/v1/auth/logout", "", key).code(), "forbidden");
}

TEST_F(WorkspaceRoutesTest, bad_input_is_told_by_field)
{
    for (auto const& [body, fields] : std::vector<std::pair<std::string, std::string>>{
             {"{}", "name: is required"},
             {R"({"name":""})", "name: must not be empty"},
             {R"({"name":"x","tier":"gold"})", "tier: is not a known field"},
         }) {
        EXPECT_EQ(testing::wrong_fields(api.post(path, body, ana)), fields);
    }
    EXPECT_EQ(testing::wrong_fields(api.patch(shop, R"({"tier":"gold"})", ana)),
        "tier: is not a known field");
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

}
