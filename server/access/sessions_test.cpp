#include "access/access_world_test.hpp"

namespace hermod::access {

class SessionsTest : public AccessWorld {
protected:
    SessionsTest() { first = sign_up(); }

    bool is_good(testing::Answer const& session)
    {
        return api.get("/api/v1/me", bearer(session.text("access_token"))).status == 200;
    }
    testing::Answer change_me(std::string const& body)
    {
        return api.patch("/api/v1/me", body, bearer(first.text("access_token")));
    }

    testing::Answer first;
    std::string const path = "/api/v1/me/sessions";
};

TEST_F(SessionsTest, a_refresh_whose_answer_was_lost_gets_the_same_token_again)
{
    auto const old = first.text("refresh_token");
    auto const answered = refresh(old);
    clock.advance(seconds{60});

    auto const again = refresh(old);

    ASSERT_EQ(again.status, 200);
    EXPECT_EQ(again.text("refresh_token"), answered.text("refresh_token"));
    EXPECT_NE(again.text("refresh_token"), old);
    EXPECT_EQ(refresh(again.text("refresh_token")).status, 200);
}

TEST_F(SessionsTest, an_old_token_after_the_grace_ends_the_whole_family)
{
    auto const old = first.text("refresh_token");
    auto const newer = refresh(old);
    clock.advance(seconds{61});
    ASSERT_TRUE(is_good(newer));

    EXPECT_EQ(refresh(old).code(), "unauthenticated");

    EXPECT_FALSE(is_good(newer));
    EXPECT_FALSE(is_good(first));
    EXPECT_EQ(refresh(newer.text("refresh_token")).code(), "unauthenticated");
    clock.advance(seconds{1});
    auto const other = log_in("correct horse");
    EXPECT_EQ(actions(bearer(other.text("access_token")))[1], "session.reuse_detected");
}

TEST_F(SessionsTest, a_token_older_than_the_last_ends_the_family_at_once)
{
    auto const old = first.text("refresh_token");
    auto const second = refresh(old);
    auto const third = refresh(second.text("refresh_token"));

    EXPECT_EQ(refresh(old).status, 401);

    EXPECT_FALSE(is_good(third));
}

TEST_F(SessionsTest, the_grace_is_for_the_client_that_asked)
{
    auto const old = first.text("refresh_token");
    auto const newer = refresh(old, {{"user-agent", "Phone"}});

    EXPECT_EQ(refresh(old, {{"user-agent", "Thief"}}).status, 401);

    EXPECT_FALSE(is_good(newer));
}

TEST_F(SessionsTest, reuse_ends_one_session_and_no_other)
{
    auto const other = log_in("correct horse");
    auto const old = first.text("refresh_token");
    refresh(refresh(old).text("refresh_token"));

    refresh(old);

    EXPECT_TRUE(is_good(other));
    EXPECT_EQ(refresh(other.text("refresh_token")).status, 200);
}

TEST_F(SessionsTest, a_made_up_token_ends_nobodys_session)
{
    auto const good = first.text("refresh_token");
    auto const newer = refresh(good);
    clock.advance(seconds{60});
    auto other_ring = Keyring::parse("k1:" + std::string(64, '2'));
    auto const read = access.refresh_tokens.read(good);
    ASSERT_TRUE(read.has_value());
    auto damaged = good;
    damaged[good.size() - 3] = good[good.size() - 3] == 'A' ? 'B' : 'A';

    for (auto const& token : {RefreshTokens{other_ring}.make(*read), damaged, good + "A",
             good.substr(0, good.size() - 1), std::string{"hrt_k1."}, std::string{"hrt_."},
             "hrt_k2." + good.substr(7)})
        EXPECT_EQ(refresh(token).code(), "unauthenticated") << token;

    EXPECT_TRUE(is_good(newer));
    EXPECT_EQ(refresh(newer.text("refresh_token")).status, 200);
}

TEST_F(SessionsTest, a_token_outlives_a_new_master_key)
{
    auto const both = Keyring::parse("k2:" + std::string(64, '2') + "\nk1:" + std::string(64, '1'));
    Node renewed{db, clock, io, both};
    auto const old = first.text("refresh_token");

    auto const answer =
        renewed.api.post("/api/v1/auth/refresh", R"({"refresh_token":")" + old + R"("})");

    ASSERT_EQ(answer.status, 200);
    EXPECT_TRUE(answer.text("refresh_token").starts_with("hrt_k2."));
    // Both go on within the grace, although the token was made under the other key.
    EXPECT_EQ(refresh(old).status, 401);
    EXPECT_EQ(renewed.api
                  .post("/api/v1/auth/refresh",
                      R"({"refresh_token":")" + answer.text("refresh_token") + R"("})")
                  .status,
        200);
}

TEST_F(SessionsTest, sessions_are_listed_for_their_login_and_end_one_by_one)
{
    clock.advance(seconds{1});
    auto const phone =
        api.post("/api/v1/auth/login", R"({"email":"ana@example.com","password":"correct horse"})",
            {{"user-agent", "Phone\t\xff 1.0" + std::string(400, 'x')}});
    auto const as = bearer(first.text("access_token"));

    auto const listed = api.get(path, as);

    ASSERT_EQ(listed.find("data")->get_array().size(), 2U);
    EXPECT_FALSE(listed.find("data/0/current")->get_bool());
    EXPECT_TRUE(listed.find("data/1/current")->get_bool());
    EXPECT_TRUE(listed.text("data/0/user_agent").starts_with("Phone 1.0x"));
    EXPECT_LE(listed.text("data/0/user_agent").size(), 300U);
    EXPECT_EQ(listed.text("data/0/remote_address"), "10.0.0.1");
    EXPECT_EQ(listed.text("data/0/mode"), "bearer");
    EXPECT_EQ(api.del(path + '/' + listed.text("data/0/id"), as).status, 204);
    EXPECT_FALSE(is_good(phone));
    EXPECT_EQ(refresh(phone.text("refresh_token")).status, 401);
    EXPECT_EQ(api.get(path, as).find("data")->get_array().size(), 1U);
}

TEST_F(SessionsTest, another_logins_session_does_not_exist)
{
    auto const stranger = sign_up("bo@example.com");
    auto const theirs = api.get(path, bearer(stranger.text("access_token"))).text("data/0/id");
    auto const as = bearer(first.text("access_token"));
    auto const key = new_key(as, R"("scopes":["admin"])");

    for (auto const& caller : {as, bearer(key.text("key"))}) {
        for (auto const& id : {theirs, std::string{"ses_x"}, SessionId::make(clock.now()).str()})
            EXPECT_EQ(api.del(path + '/' + id, caller).code(), "session_not_found");
    }
    EXPECT_TRUE(is_good(stranger));
    EXPECT_TRUE(api.get(path, bearer(key.text("key"))).find("data")->get_array().empty());
}

TEST_F(SessionsTest, a_new_password_needs_the_old_one_and_ends_the_other_sessions)
{
    auto const other = log_in("correct horse");

    auto const wrong = change_me(R"({"password":"battery staple","old_password":"wrong"})");
    EXPECT_EQ(testing::wrong_fields(wrong), "old_password: is wrong");
    EXPECT_TRUE(is_good(other));
    clock.advance(seconds{1});
    EXPECT_EQ(
        change_me(R"({"password":"battery staple","old_password":"correct horse"})").status, 200);
    clock.advance(seconds{1});

    EXPECT_TRUE(is_good(first));
    EXPECT_FALSE(is_good(other));
    EXPECT_EQ(refresh(other.text("refresh_token")).status, 401);
    EXPECT_EQ(log_in("correct horse").code(), "invalid_credentials");
    EXPECT_EQ(log_in("battery staple").status, 200);
    EXPECT_EQ(actions(bearer(first.text("access_token")))[1], "login.password_changed");
}

TEST_F(SessionsTest, half_a_change_of_password_is_refused)
{
    EXPECT_EQ(testing::wrong_fields(change_me(R"({"password":"battery staple"})")),
        "old_password: is required with a new password");
    EXPECT_EQ(testing::wrong_fields(change_me(R"({"old_password":"correct horse"})")),
        "password: is required with the old one");
    EXPECT_EQ(log_in("correct horse").status, 200);
}

TEST_F(SessionsTest, guessing_the_old_password_is_slowed_down_too)
{
    std::string code;
    for (int i = 0; i < 20 && code != "rate_limited"; ++i)
        code = change_me(R"({"password":"battery staple","old_password":"wrong"})").code();

    EXPECT_EQ(code, "rate_limited");
}

TEST_F(SessionsTest, a_new_name_is_the_members_too)
{
    auto const me = change_me(R"({"name":"Ana Bell"})");

    EXPECT_EQ(me.text("login/name"), "Ana Bell");
    auto const as = bearer(first.text("access_token"));
    EXPECT_EQ(api.get("/api/v1/people/" + first.text("workspaces/0/person_id"), as).text("name"),
        "Ana Bell");
}

TEST_F(SessionsTest, a_key_has_no_name_password_or_session_of_its_own)
{
    auto const key = new_key(bearer(first.text("access_token")), R"("scopes":["admin"])");

    EXPECT_EQ(
        api.patch("/api/v1/me", R"({"name":"X"})", bearer(key.text("key"))).code(), "forbidden");
    EXPECT_EQ(api.post("/api/v1/auth/logout", "", bearer(key.text("key"))).code(), "forbidden");
}

TEST_F(SessionsTest, other_nodes_let_an_ended_session_go_at_their_next_look)
{
    Node other{db, clock, io, keyring};
    run(other.access.watch.look());
    auto const as = bearer(first.text("access_token"));
    ASSERT_EQ(other.api.get("/api/v1/me", as).status, 200);

    for (std::string const end : {"refresh", "logout", "session", "password"}) {
        clock.advance(seconds{1});
        auto const session = log_in("correct horse");
        auto const headers = bearer(session.text("access_token"));
        ASSERT_EQ(other.api.get("/api/v1/me", headers).status, 200) << end;
        if (end == "logout")
            api.post("/api/v1/auth/logout", "", headers);
        else if (end == "password")
            change_me(R"({"password":"battery staple","old_password":"correct horse"})");
        else if (end == "session")
            api.del(path + '/' + api.get(path, headers).text("data/0/id"), as);
        else {
            auto const old = session.text("refresh_token");
            refresh(refresh(old).text("refresh_token"));
            refresh(old);
        }

        run(other.access.watch.look());

        EXPECT_EQ(other.api.get("/api/v1/me", headers).status, 401) << end;
        EXPECT_EQ(other.api.get("/api/v1/me", as).status, 200) << end;
    }
}

TEST_F(SessionsTest, who_holds_a_caller_learns_that_its_rights_changed)
{
    Caller caller;
    caller.kind = Caller::Kind::session;
    caller.session = SessionId::make(clock.now());
    CredentialCache cache;
    caller.rights_as_of = cache.generation();
    EXPECT_FALSE(cache.has_changed(caller));

    cache.drop(SessionId::make(clock.now()).bytes());
    EXPECT_FALSE(cache.has_changed(caller));
    cache.drop(caller.session.bytes());
    EXPECT_TRUE(cache.has_changed(caller));

    caller.rights_as_of = cache.generation();
    EXPECT_FALSE(cache.has_changed(caller));
    for (int i = 0; i < 5000; ++i)
        cache.drop(SessionId::make(clock.now()).bytes());
    EXPECT_TRUE(cache.has_changed(caller)) << "too long ago to tell";
    caller.rights_as_of = cache.generation();
    cache.clear();
    EXPECT_TRUE(cache.has_changed(caller));
}

}
