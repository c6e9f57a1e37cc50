#include "access/access_world_test.hpp"

namespace hermod::access {

class PublishableTest : public AccessWorld {
protected:
    PublishableTest() { as = bearer(sign_up().text("access_token")); }

    testing::Answer make(
        std::string const& publishable, std::string const& rest = R"("scopes":["messages:send"])")
    {
        return new_key(as, rest + R"(,"publishable":)" + publishable);
    }
    testing::Answer send(std::string const& key, std::string const& to,
        std::string const& origin = "https://shop.example")
    {
        auto headers = bearer(key);
        if (!origin.empty())
            headers.emplace_back("origin", origin);
        return api.post("/send", R"({"to":")" + to + R"("})", headers);
    }

    net::Pairs as;
    std::string const shop =
        R"({"allowed_origins":["HTTPS://Shop.example:443","http://localhost:5173"],)"
        R"("recipients":["+1 202-555-0100","Sales@Shop.example"],"daily_cap":3})";
};

TEST_F(PublishableTest, it_sends_to_its_recipients_from_its_pages)
{
    auto const made = make(shop);
    ASSERT_EQ(made.status, 201) << json_to_text(made.body);
    auto const key = made.text("key");

    EXPECT_TRUE(key.starts_with("hp_live_"));
    EXPECT_EQ(made.text("publishable/allowed_origins/0"), "https://shop.example");
    EXPECT_EQ(made.text("publishable/recipients/0"), "+12025550100");
    EXPECT_EQ(send(key, "+12025550100").status, 200);
    EXPECT_EQ(send(key, "+1 (202) 555-0100", "http://localhost:5173").status, 200);
    EXPECT_EQ(send(key, "sales@shop.example").status, 200);
    EXPECT_EQ(send(key, "+12025550101").code(), "forbidden");
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

TEST_F(PublishableTest, a_page_of_another_origin_is_refused)
{
    auto const key = make(shop).text("key");

    for (auto const* origin :
        {"", "null", "http://shop.example", "https://shop.example.evil.example",
            "https://evil.example", "https://shop.example:8443", "http://localhost"})
        EXPECT_EQ(send(key, "+12025550100", origin).code(), "origin_refused") << origin;
    EXPECT_EQ(send(key, "+12025550100").status, 200);
}

TEST_F(PublishableTest, each_recipient_has_a_cap_per_day)
{
    clock.advance(seconds{24 * 3600 - clock.now().unix_s() % (24 * 3600)});
    as = bearer(log_in("correct horse").text("access_token"));
    auto const key = make(shop).text("key");
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(send(key, "+12025550100").status, 200);

    auto const refused = send(key, "+12025550100");

    EXPECT_EQ(refused.code(), "rate_limited");
    EXPECT_NEAR(std::stoi(refused.header("Retry-After")), 24 * 3600, 2);
    EXPECT_EQ(send(key, "sales@shop.example").status, 200) << "another recipient";
    auto const other = make(shop).text("key");
    EXPECT_EQ(send(other, "+12025550100").status, 200) << "another key";
    clock.advance(seconds{24 * 3600});
    EXPECT_EQ(send(key, "+12025550100").status, 200);
}

TEST_F(PublishableTest, it_does_nothing_else)
{
    auto const made = make(shop);
    auto headers = bearer(made.text("key"));
    headers.emplace_back("origin", "https://shop.example");

    for (auto const* path : {"/api/v1/people", "/api/v1/me", "/seen", "/stream", "/api/v1/api_keys",
             "/api/v1/workspaces"})
        EXPECT_EQ(api.get(path, headers).code(), "forbidden") << path;
    EXPECT_EQ(api.post("/api/v1/auth/stream_ticket", "", headers).code(), "forbidden");
    EXPECT_EQ(new_key(headers, R"("scopes":["messages:send"])").code(), "forbidden");
}

TEST_F(PublishableTest, rotating_and_revoking_work_as_for_any_key)
{
    auto const made = make(shop);
    auto const path = "/api/v1/api_keys/" + made.text("id");

    auto const rotated = api.post(path + "/rotate", "", as);

    EXPECT_TRUE(rotated.text("key").starts_with("hp_live_"));
    EXPECT_EQ(send(made.text("key"), "+12025550100").status, 401);
    EXPECT_EQ(send(rotated.text("key"), "+12025550100").status, 200);
    EXPECT_EQ(api.del(path, as).status, 204);
    EXPECT_EQ(send(rotated.text("key"), "+12025550100").status, 401);
}

TEST_F(PublishableTest, bad_input_is_told_by_field)
{
    struct Bad {
        std::string publishable;
        std::string rest;
        std::string fields;
    };
    std::string const scopes = R"("scopes":["messages:send"])";
    std::string const origins = R"("allowed_origins":["https://a.example"])";
    std::string const recipients = R"("recipients":["+12025550100"])";
    std::vector<Bad> const table{
        {R"({"allowed_origins":["a.example","https://ok.example","https://a/b"],)" + recipients
                + "}",
            scopes,
            "publishable.allowed_origins[0]: must be like https://shop.example; "
            "publishable.allowed_origins[2]: must be like https://shop.example"},
        {"{" + origins + R"(,"recipients":["nobody"]})", scopes,
            "publishable.recipients[0]: must be a phone number or an e-mail address"},
        {"{" + origins + "," + recipients + "}", R"("scopes":["admin"])",
            "scopes: must be messages:send alone for a publishable key"},
        {"{" + origins + R"(,"recipients":[]})", scopes,
            "publishable.recipients: must have 1 to 20 items"},
        {"{" + origins + "," + recipients + R"(,"daily_cap":0})", scopes,
            "publishable.daily_cap: must be from 1 to 1000"},
    };
    for (auto const& [publishable, rest, fields] : table)
        EXPECT_EQ(testing::wrong_fields(make(publishable, rest)), fields) << publishable;
}

TEST_F(PublishableTest, counts_of_days_gone_by_are_swept)
{
    auto const made = make(shop);
    auto const workspace = *WorkspaceId::parse(api.get("/api/v1/workspaces", as).text("data/0/id"));
    send(made.text("key"), "+12025550100");
    auto const sweep = [&] {
        return write(workspace, [](db::Tx& tx) { return delete_old_uses(tx, 10); });
    };
    EXPECT_EQ(sweep(), 0);

    clock.advance(seconds{24 * 3600});

    EXPECT_EQ(sweep(), 1);
    EXPECT_EQ(sweep(), 0);
}

}
