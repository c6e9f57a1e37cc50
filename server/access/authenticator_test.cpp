#include "access/access_world_test.hpp"

namespace hermod::access {

class AuthenticatorTest : public AccessWorld {
protected:
    /// As another process would: only the database learns of it.
    void revoke_behind_our_back(KeyId const& key)
    {
        run(db.system().write([&](db::GlobalTx& tx) {
            tx.run("DELETE FROM credentials WHERE subject_id = $1", key);
            tx.run("INSERT INTO access_changes (seq, subject_id, created_at) VALUES ("
                   "(SELECT COALESCE(MAX(seq), 0) + 1 FROM access_changes), $1, $2)",
                key, tx.now());
        }));
    }
};

TEST_F(AuthenticatorTest, what_is_no_credential_is_refused)
{
    auto const token = sign_up().text("access_token");
    auto const dot = token.rfind('.');
    auto tampered = token;
    tampered[dot - 3] = tampered[dot - 3] == 'A' ? 'B' : 'A';
    auto const none_header = to_base64url(R"({"alg":"none","typ":"at+jwt","kid":"k1"})");
    auto const unsigned_token = none_header + token.substr(token.find('.'), dot - token.find('.'));
    std::vector<net::Pairs> const table{
        {},
        {{"authorization", ""}},
        {{"authorization", "Bearer"}},
        {{"authorization", "Bearer "}},
        {{"authorization", "Basic " + token}},
        {{"authorization", token}},
        bearer("hk_live_nothing"),
        bearer("x.y.z"),
        bearer(".."),
        bearer(tampered),
        bearer(token.substr(0, dot)),
        bearer(token.substr(0, dot + 1)),
        bearer(token + "A"),
        bearer(unsigned_token + '.'),
        bearer(std::string(5000, 'a')),
        {{"x-api-key", "hk_live_nothing"}},
    };
    for (auto const& headers : table) {
        auto const answer = api.get("/api/v1/me", headers);
        EXPECT_EQ(answer.status, 401);
        EXPECT_EQ(answer.code(), "unauthenticated");
    }
    EXPECT_EQ(api.get("/api/v1/me", bearer(token)).status, 200);
    EXPECT_EQ(api.get("/api/v1/me", {{"authorization", "bearer  " + token}}).status, 200);
}

TEST_F(AuthenticatorTest, a_token_of_another_server_is_refused)
{
    auto const other_ring = Keyring::parse("k1:" + std::string(64, '2'));
    TokenSigner const other{other_ring};
    auto const registered = sign_up();
    AccessToken const token{*LoginId::parse(registered.text("login/id")),
        SessionId::make(clock.now()), clock.now() + seconds{600}};

    EXPECT_EQ(api.get("/api/v1/me", bearer(other.sign(token, clock.now()))).status, 401);
    // Signed by us, but of a session that there is not.
    EXPECT_EQ(api.get("/api/v1/me", bearer(access.signer.sign(token, clock.now()))).status, 401);
}

TEST_F(AuthenticatorTest, tokens_outlive_a_new_master_key)
{
    AccessToken const token{
        LoginId::make(clock.now()), SessionId::make(clock.now()), clock.now() + seconds{600}};
    auto const text = access.signer.sign(token, clock.now());
    auto const both = Keyring::parse("k2:" + std::string(64, '2') + "\nk1:" + std::string(64, '1'));
    auto const only_new = Keyring::parse("k2:" + std::string(64, '2'));

    EXPECT_TRUE(TokenSigner{both}.verify(text, clock.now()).has_value());
    EXPECT_FALSE(TokenSigner{only_new}.verify(text, clock.now()).has_value());
    EXPECT_FALSE(TokenSigner{both}.verify(text, clock.now() + seconds{600}).has_value());
}

TEST_F(AuthenticatorTest, a_known_credential_needs_no_database)
{
    auto const owner = bearer(sign_up().text("access_token"));
    auto const key = new_key(owner, R"("scopes":["people:read"])").text("key");
    ASSERT_EQ(api.get("/api/v1/me", bearer(key)).status, 200);
    db.close();

    EXPECT_EQ(api.get("/api/v1/me", bearer(key)).status, 200);
    EXPECT_GE(api.get("/api/v1/me", bearer("hk_live_other")).status, 500);
}

TEST_F(AuthenticatorTest, what_another_process_revokes_is_dropped_at_the_next_look)
{
    auto const owner = bearer(sign_up().text("access_token"));
    auto const made = new_key(owner, R"("scopes":["people:read"])");
    run(access.watch.look());
    ASSERT_EQ(api.get("/api/v1/me", bearer(made.text("key"))).status, 200);

    revoke_behind_our_back(*KeyId::parse(made.text("id")));

    EXPECT_EQ(api.get("/api/v1/me", bearer(made.text("key"))).status, 200);
    run(access.watch.look());
    EXPECT_EQ(api.get("/api/v1/me", bearer(made.text("key"))).status, 401);
    EXPECT_EQ(api.get("/api/v1/me", owner).status, 200);
}

TEST_F(AuthenticatorTest, memory_is_not_trusted_when_nobody_looks_for_revocations)
{
    auto const owner = bearer(sign_up().text("access_token"));
    auto const made = new_key(owner, R"("scopes":["people:read"])");
    run(access.watch.look());
    ASSERT_EQ(api.get("/api/v1/me", bearer(made.text("key"))).status, 200);
    revoke_behind_our_back(*KeyId::parse(made.text("id")));

    clock.advance(seconds{6});

    EXPECT_EQ(api.get("/api/v1/me", bearer(made.text("key"))).status, 401);
}

TEST_F(AuthenticatorTest, after_a_long_sleep_nothing_is_remembered)
{
    auto const owner = bearer(sign_up().text("access_token"));
    auto const made = new_key(owner, R"("scopes":["people:read"])");
    run(access.watch.look());
    ASSERT_EQ(api.get("/api/v1/me", bearer(made.text("key"))).status, 200);
    revoke_behind_our_back(*KeyId::parse(made.text("id")));
    run(db.system().write([](db::GlobalTx& tx) { tx.run("DELETE FROM access_changes"); }));

    clock.advance(std::chrono::hours{2});
    run(access.watch.look());

    EXPECT_EQ(api.get("/api/v1/me", bearer(made.text("key"))).status, 401);
}

TEST_F(AuthenticatorTest, a_look_up_that_a_revocation_overtakes_is_not_kept)
{
    CredentialCache cache;
    auto const generation = cache.generation();
    cache.drop(KeyId::make(clock.now()).bytes());
    auto const secret = sha256("hk_live_x");
    auto credential = std::make_shared<Credential>();
    credential->expires_at = clock.now() + seconds{60};

    cache.put(secret, credential, generation);
    EXPECT_EQ(cache.size(), 0U);
    cache.put(secret, credential, cache.generation());
    EXPECT_EQ(cache.size(), 1U);
}

TEST_F(AuthenticatorTest, the_cache_is_bounded)
{
    CredentialCache cache;
    auto credential = std::make_shared<Credential>();
    credential->expires_at = clock.now() + seconds{60};
    for (int i = 0; i < 80'000; ++i)
        cache.put(sha256(std::to_string(i)), credential, cache.generation());

    EXPECT_LE(cache.size(), 65'536U);
    EXPECT_GE(cache.size(), 60'000U);
}

TEST_F(AuthenticatorTest, a_login_with_several_workspaces_names_one)
{
    auto const registered = sign_up();
    auto const token = registered.text("access_token");
    auto const first = registered.text("workspaces/0/id");
    auto const second = api.post("/api/v1/workspaces", R"({"name":"Bakery"})", bearer(token));
    ASSERT_EQ(second.status, 201) << json_to_text(second.body);
    auto const stranger = sign_up("bo@example.com").text("workspaces/0/id");

    EXPECT_EQ(api.get("/api/v1/people", bearer(token)).code(), "workspace_required");
    EXPECT_EQ(api.get("/api/v1/people", bearer_in(token, first)).text("data/0/id"),
        registered.text("workspaces/0/person_id"));
    EXPECT_EQ(api.get("/api/v1/people", bearer_in(token, second.text("id"))).text("data/0/id"),
        second.text("person_id"));
    for (std::string const& other : {stranger, std::string{"wsp_x"}})
        EXPECT_EQ(api.get("/api/v1/people", bearer_in(token, other)).code(), "workspace_not_found");
    auto const me = api.get("/api/v1/me", bearer(token));
    EXPECT_EQ(me.status, 200);
    EXPECT_TRUE(me.find("workspace_id")->is_null());
    EXPECT_EQ(me.find("workspaces")->get_array().size(), 2U);
}

TEST_F(AuthenticatorTest, a_key_reaches_its_own_workspace_alone)
{
    auto const registered = sign_up();
    auto const key = new_key(bearer(registered.text("access_token")), R"("scopes":["admin"])");
    auto const other = sign_up("bo@example.com").text("workspaces/0/id");

    EXPECT_EQ(
        api.get("/api/v1/people", bearer_in(key.text("key"), registered.text("workspaces/0/id")))
            .status,
        200);
    EXPECT_EQ(
        api.get("/api/v1/people", bearer_in(key.text("key"), other)).code(), "workspace_not_found");
}

}
