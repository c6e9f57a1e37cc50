#include "access/access_world_test.hpp"
#include "access/browser_guard.hpp"
#include "access/sessions.hpp"

namespace hermod::access {

class BrowserTest : public AccessWorld {
protected:
    BrowserTest() { sign_up(); }

    static net::Pairs own_page(net::Pairs more = {})
    {
        net::Pairs headers{{"host", "chat.example"}, {"origin", "https://chat.example"},
            {"sec-fetch-site", "same-origin"}, {"hermod-csrf", "1"}};
        headers.insert(headers.end(), more.begin(), more.end());
        return headers;
    }
    testing::Answer sign_in(net::Pairs headers = own_page())
    {
        return api.post("/api/v1/auth/cookie",
            R"({"email":"ana@example.com","password":"correct horse"})", std::move(headers));
    }
    /// What the browser would send back.
    static std::string sent_back(testing::Answer const& answer)
    {
        auto const cookie = answer.header("Set-Cookie");
        return cookie.substr(0, cookie.find(';'));
    }
};

TEST_F(BrowserTest, the_session_is_in_a_cookie_that_no_script_reads)
{
    auto const answer = sign_in();

    ASSERT_EQ(answer.status, 200) << json_to_text(answer.body);
    auto const cookie = answer.header("Set-Cookie");
    EXPECT_TRUE(cookie.starts_with("__Host-hermod=hcs_")) << cookie;
    EXPECT_TRUE(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000; Secure"));
    EXPECT_EQ(answer.text("login/email"), "ana@example.com");
    EXPECT_EQ(answer.text("workspaces/0/role"), "owner");
    EXPECT_EQ(json_to_text(answer.body).find("hcs_"), std::string::npos);
    auto const secret = sent_back(answer).substr(14);
    EXPECT_EQ(count("SELECT COUNT(*) FROM sessions WHERE mode = 'cookie'"), 1);
    EXPECT_EQ(run(db.system().read([&](db::GlobalTx const& tx) {
        return tx.one<std::int64_t>(
            "SELECT COUNT(*) FROM sessions WHERE refresh_hash = $1", sha256(secret));
    })),
        1);
}

TEST_F(BrowserTest, the_cookie_opens_the_api_for_our_own_pages)
{
    clock.advance(seconds{1});
    auto const cookie = sent_back(sign_in());

    for (auto const& sent : {cookie, "a=b; " + cookie + "; c=d", "a=b;" + cookie})
        EXPECT_EQ(api.get("/api/v1/me", own_page({{"cookie", sent}})).text("kind"), "session");
    EXPECT_EQ(
        api.post("/api/v1/people", R"({"name":"Bo"})", own_page({{"cookie", cookie}})).status, 201);
    auto const listed = api.get("/api/v1/me/sessions", own_page({{"cookie", cookie}}));
    EXPECT_EQ(listed.text("data/0/mode"), "cookie");
}

struct Attack {
    net::Pairs headers;
    bool reads; ///< whether a GET with these is answered
    bool writes;
};

TEST_F(BrowserTest, what_another_page_sends_with_the_cookie_is_refused)
{
    auto const cookie = sent_back(sign_in());
    net::Pairs::value_type const host{"host", "chat.example"};
    net::Pairs::value_type const header{"hermod-csrf", "1"};
    std::vector<Attack> const table{
        {{host, header}, true, true}, // no browser of today
        {{host}, true, false}, {{host, {"hermod-csrf", ""}}, true, false},
        {{host, {"hermod-csrf", "true"}}, true, false},
        {{host, header, {"sec-fetch-site", "same-origin"}}, true, true},
        {{host, header, {"sec-fetch-site", "cross-site"}}, false, false},
        {{host, header, {"sec-fetch-site", "same-site"}}, false, false},
        {{host, {"sec-fetch-site", "none"}}, true, false},
        {{host, header, {"origin", "https://chat.example"}}, true, true},
        {{host, header, {"origin", "https://CHAT.example:443"}}, true, true},
        {{host, header, {"origin", "http://chat.example"}}, false, false},
        {{host, header, {"origin", "https://chat.example:8443"}}, false, false},
        {{host, header, {"origin", "https://evil.example"}}, false, false},
        {{host, header, {"origin", "https://chat.example.evil.example"}}, false, false},
        {{host, header, {"origin", "https://chat.example@evil.example"}}, false, false},
        {{host, header, {"origin", "null"}}, false, false},
        {{host, header, {"origin", "file://"}}, false, false},
        {{header, {"origin", "https://chat.example"}}, false, false}, // no Host to compare with
    };
    for (auto const& [headers, reads, writes] : table) {
        auto as = headers;
        as.emplace_back("cookie", cookie);
        std::string what;
        for (auto const& [name, value] : headers)
            what.append(name).append(": ").append(value).append("  ");
        auto const got = api.get("/api/v1/me", as);
        auto const posted = api.post("/api/v1/people", R"({"name":"Bo"})", as);
        EXPECT_EQ(got.code(), reads ? "" : "csrf_refused") << what;
        EXPECT_EQ(posted.code(), writes ? "" : "csrf_refused") << what;
    }
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

TEST_F(BrowserTest, another_sites_page_cannot_sign_a_visitor_in)
{
    EXPECT_EQ(sign_in({{"host", "chat.example"}}).code(), "csrf_refused");
    EXPECT_EQ(sign_in({{"host", "chat.example"}, {"hermod-csrf", "1"},
                          {"origin", "https://evil.example"}})
                  .code(),
        "csrf_refused");
    EXPECT_EQ(count("SELECT COUNT(*) FROM sessions WHERE mode = 'cookie'"), 0);
}

TEST_F(BrowserTest, the_cookies_value_is_no_token_and_no_token_is_a_cookie)
{
    auto const cookie = sent_back(sign_in());
    auto const secret = cookie.substr(14);
    ASSERT_EQ(api.get("/api/v1/me", own_page({{"cookie", cookie}})).status, 200);

    EXPECT_EQ(api.get("/api/v1/me", bearer(secret)).status, 401);
    EXPECT_EQ(api.get("/api/v1/me", {{"x-api-key", secret}}).status, 401);
    EXPECT_EQ(refresh(secret).status, 401);
    auto const tokens = log_in("correct horse");
    for (auto const* field : {"access_token", "refresh_token"})
        EXPECT_EQ(
            api.get("/api/v1/me", own_page({{"cookie", "__Host-hermod=" + tokens.text(field)}}))
                .status,
            401);
    for (auto const& other :
        {"hermod=" + secret, "__Host-hermodx=" + secret, "x__Host-hermod=" + secret,
            "__Host-hermod=" + secret + "x", std::string{"="}, std::string{";;;"}})
        EXPECT_EQ(api.get("/api/v1/me", own_page({{"cookie", other}})).status, 401) << other;
}

TEST_F(BrowserTest, a_token_beside_the_cookie_is_the_one_that_counts)
{
    auto const cookie = sent_back(sign_in());
    auto as = bearer("hk_live_nothing");
    as.emplace_back("cookie", cookie);
    as.emplace_back("hermod-csrf", "1");

    EXPECT_EQ(api.get("/api/v1/me", as).status, 401);
    auto const token = log_in("correct horse").text("access_token");
    as[0].second = "Bearer " + token;
    as.emplace_back("sec-fetch-site", "cross-site");
    EXPECT_EQ(api.get("/api/v1/me", as).status, 200);
}

TEST_F(BrowserTest, logging_out_ends_the_session_and_takes_the_cookie_away)
{
    auto const as = own_page({{"cookie", sent_back(sign_in())}});

    auto const answer = api.post("/api/v1/auth/logout", "", as);

    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("Set-Cookie"),
        "__Host-hermod=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0; Secure");
    EXPECT_EQ(api.get("/api/v1/me", as).status, 401);
}

TEST_F(BrowserTest, on_loopback_without_tls_the_cookie_is_a_plain_one)
{
    Node local{db, clock, io, keyring, {.plain_cookie = true}};
    net::Pairs page{
        {"host", "127.0.0.1:8080"}, {"origin", "http://127.0.0.1:8080"}, {"hermod-csrf", "1"}};

    auto const answer = local.api.post(
        "/api/v1/auth/cookie", R"({"email":"ana@example.com","password":"correct horse"})", page);

    ASSERT_EQ(answer.status, 200);
    auto const cookie = answer.header("Set-Cookie");
    EXPECT_TRUE(cookie.starts_with("hermod=hcs_")) << cookie;
    EXPECT_EQ(cookie.find("Secure"), std::string::npos);
    page.emplace_back("cookie", sent_back(answer));
    EXPECT_EQ(local.api.get("/api/v1/me", page).status, 200);
}

TEST_F(BrowserTest, origins_have_one_spelling)
{
    EXPECT_EQ(read_origin("HTTPS://Shop.Example:443"), "https://shop.example");
    EXPECT_EQ(read_origin("http://[::1]:80"), "http://[::1]");
    EXPECT_EQ(read_origin("http://shop.example:443"), "http://shop.example:443");
    for (auto const* text : {"", "null", "https://", "shop.example", "https://a/b", "https://a?b",
             "https://a b", "https://ü.example", "ftp://a", "https://a\nb"})
        EXPECT_EQ(read_origin(text), std::nullopt) << text;
}

}
