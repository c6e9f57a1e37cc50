#include "access/access_world_test.hpp"
#include "access/person_tokens.hpp"

namespace hermod::access {

class PersonTokensTest : public AccessWorld {
protected:
    PersonTokensTest()
    {
        owner = sign_up();
        as = bearer(owner.text("access_token"));
        workspace = *WorkspaceId::parse(owner.text("workspaces/0/id"));
        person = make_person("u1");
    }

    std::string make_person(std::string const& external_id)
    {
        return api.post("/api/v1/people", R"({"external_id":")" + external_id + R"("})", as)
            .text("id");
    }
    testing::Answer ask(std::string const& id, std::string const& body = "{}")
    {
        return api.post("/api/v1/people/" + id + "/tokens", body, as);
    }
    int status_with(std::string const& token) { return api.get("/seen", bearer(token)).status; }

    testing::Answer owner;
    net::Pairs as;
    WorkspaceId workspace;
    std::string person;
};

TEST_F(PersonTokensTest, a_token_is_its_person_for_an_hour)
{
    auto const issued = ask(person);
    ASSERT_EQ(issued.status, 201) << json_to_text(issued.body);
    auto const token = issued.text("token");

    auto const seen = api.get("/seen", bearer(token));

    EXPECT_EQ(seen.text("person_id"), person);
    EXPECT_EQ(seen.text("workspace_id"), workspace.str());
    auto const me = api.get("/api/v1/me", bearer(token));
    EXPECT_EQ(me.text("kind"), "person");
    EXPECT_EQ(me.text("person_id"), person);
    EXPECT_TRUE(me.find("login")->is_null());
    clock.advance(seconds{3599});
    EXPECT_EQ(status_with(token), 200);
    clock.advance(seconds{1});
    EXPECT_EQ(status_with(token), 401);
}

TEST_F(PersonTokensTest, its_lifetime_is_chosen_within_bounds)
{
    auto const issued = ask(person, R"({"expires_in":60})");
    clock.advance(seconds{60});

    EXPECT_EQ(status_with(issued.text("token")), 401);
    EXPECT_EQ(
        testing::wrong_fields(ask(person, R"({"expires_in":59})")).substr(0, 11), "expires_in:");
    EXPECT_EQ(ask(person, R"({"expires_in":2592001})").code(), "invalid_body");
}

TEST_F(PersonTokensTest, it_opens_nothing_that_is_not_for_people)
{
    auto const token = bearer(ask(person).text("token"));

    for (auto const* path : {"/api/v1/people", "/api/v1/api_keys", "/api/v1/workspaces",
             "/api/v1/audit_log", "/api/v1/me/sessions"})
        EXPECT_EQ(api.get(path, token).code(), "forbidden") << path;
    EXPECT_EQ(api.get("/api/v1/people/" + person, token).code(), "forbidden");
    EXPECT_EQ(api.post("/api/v1/people/" + person + "/tokens", "{}", token).code(), "forbidden");
    EXPECT_EQ(api.patch("/api/v1/me", R"({"name":"X"})", token).code(), "forbidden");
    EXPECT_EQ(api.post("/api/v1/auth/logout", "", token).code(), "forbidden");
}

TEST_F(PersonTokensTest, it_sends_to_addresses_only_where_that_was_granted)
{
    auto const body = R"({"to":"+12025550100"})";
    auto const plain = bearer(ask(person).text("token"));
    auto const granted = bearer(ask(person, R"({"addressed_sends":true})").text("token"));

    EXPECT_EQ(api.post("/send", body, plain).code(), "missing_scope");
    EXPECT_EQ(api.post("/send", body, granted).status, 200);
}

TEST_F(PersonTokensTest, it_ends_when_its_person_is_deleted)
{
    Node other{db, clock, io, keyring};
    run(other.access.watch.look());
    auto const token = ask(person).text("token");
    auto const kept = ask(make_person("u2")).text("token");
    ASSERT_EQ(status_with(token), 200);
    ASSERT_EQ(other.api.get("/seen", bearer(token)).status, 200);

    EXPECT_EQ(api.del("/api/v1/people/" + person, as).status, 204);
    run(access.watch.look());
    run(other.access.watch.look());

    EXPECT_EQ(status_with(token), 401);
    EXPECT_EQ(other.api.get("/seen", bearer(token)).status, 401);
    EXPECT_EQ(status_with(kept), 200);
    EXPECT_EQ(ask(person).code(), "person_not_found");
}

TEST_F(PersonTokensTest, members_and_bots_have_credentials_of_their_own)
{
    auto const bot = new_key(as, R"("scopes":["people:write"])");

    EXPECT_EQ(ask(owner.text("workspaces/0/person_id")).code(), "forbidden");
    EXPECT_EQ(ask(bot.text("person_id")).code(), "forbidden");
    EXPECT_EQ(ask("per_x").code(), "person_not_found");
}

TEST_F(PersonTokensTest, another_workspaces_person_does_not_exist)
{
    auto const stranger = bearer(sign_up("bo@example.com").text("access_token"));

    EXPECT_EQ(api.post("/api/v1/people/" + person + "/tokens", "{}", stranger).code(),
        "person_not_found");
    auto token = bearer(ask(person).text("token"));
    token.emplace_back("hermod-workspace", WorkspaceId::make(clock.now()).str());
    EXPECT_EQ(api.get("/seen", token).code(), "workspace_not_found");
}

TEST_F(PersonTokensTest, a_test_keys_token_is_a_test_one)
{
    auto const key = new_key(as, R"("environment":"test","scopes":["people:write"])").text("key");
    auto const token =
        api.post("/api/v1/people/" + person + "/tokens", "{}", bearer(key)).text("token");

    EXPECT_TRUE(access.signer.verify_person(token, clock.now())->test);
    EXPECT_FALSE(access.signer.verify_person(ask(person).text("token"), clock.now())->test);
}

TEST_F(PersonTokensTest, a_repeated_request_shows_the_token_once)
{
    as.emplace_back("idempotency-key", "k1");

    auto const first = ask(person);
    auto const again = ask(person);

    EXPECT_EQ(first.status, 201);
    EXPECT_FALSE(first.text("token").empty());
    EXPECT_EQ(again.status, 201);
    EXPECT_TRUE(again.find("token")->is_null());
    EXPECT_EQ(again.text("expires_at"), first.text("expires_at"));
}

TEST_F(PersonTokensTest, a_ticket_of_a_person_ends_with_their_token)
{
    auto const token = ask(person, R"({"expires_in":60})").text("token");
    clock.advance(seconds{50});
    auto const ask_ticket = [&] {
        return api.post("/api/v1/auth/stream_ticket", "", bearer(token)).text("ticket");
    };
    auto const early = ask_ticket();
    auto const late = ask_ticket();

    EXPECT_EQ(api.get("/stream?ticket=" + early).text("person_id"), person);
    clock.advance(seconds{10});
    EXPECT_EQ(api.get("/stream?ticket=" + late).status, 401);
}

/// What an attacker makes of a good token: every known confusion of JWTs.
class TokenConfusionTest : public PersonTokensTest {
protected:
    static std::string part(std::string const& token, int at)
    {
        auto const first = token.find('.');
        auto const last = token.rfind('.');
        if (at == 0)
            return token.substr(0, first);
        return at == 1 ? token.substr(first + 1, last - first - 1) : token.substr(last + 1);
    }
    /// Signed by us, whatever it says.
    std::string sign(std::string const& header, std::string const& claims)
    {
        auto const text = to_base64url(header) + '.' + to_base64url(claims);
        SigningKey const key{keyring.derive("access-token")};
        return text + '.' + to_base64url(key.sign(text));
    }
    std::string claims_of(std::string const& token) { return *from_base64url(part(token, 1)); }
    static std::string with(std::string text, std::string const& from, std::string const& to)
    {
        auto const at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return text.replace(at, from.size(), to);
    }
};

TEST_F(TokenConfusionTest, only_the_header_we_write_is_taken)
{
    auto const token = ask(person).text("token");
    auto const claims = claims_of(token);
    auto const good = *from_base64url(part(token, 0));
    ASSERT_EQ(status_with(sign(good, claims)), 200) << "the control";
    std::vector<std::string> const headers{
        R"({"alg":"none","typ":"person+jwt","kid":"k1"})",
        R"({"alg":"None","typ":"person+jwt","kid":"k1"})",
        R"({"alg":"","typ":"person+jwt","kid":"k1"})",
        R"({"alg":"HS256","typ":"person+jwt","kid":"k1"})",
        R"({"alg":"RS256","typ":"person+jwt","kid":"k1"})",
        R"({"alg":"ES256","typ":"person+jwt","kid":"k1"})",
        R"({"alg":"eddsa","typ":"person+jwt","kid":"k1"})",
        R"({"alg":["EdDSA"],"typ":"person+jwt","kid":"k1"})",
        R"({"alg":"EdDSA","typ":"JWT","kid":"k1"})",
        R"({"alg":"EdDSA","typ":"at+jwt","kid":"k1"})",
        R"({"alg":"EdDSA","typ":"person+jwt","kid":"k2"})",
        R"({"alg":"EdDSA","typ":"person+jwt","kid":"../../dev/null"})",
        R"({"alg":"EdDSA","typ":"person+jwt"})",
        R"({"alg":"EdDSA","typ":"person+jwt","kid":"k1","jku":"https://evil.example/jwks"})",
        R"({"alg":"EdDSA","typ":"person+jwt","kid":"k1","jwk":{"kty":"OKP"}})",
        R"({"alg":"EdDSA","typ":"person+jwt","kid":"k1","crit":["exp"]})",
        R"({"alg":"EdDSA","alg":"none","typ":"person+jwt","kid":"k1"})",
        "{}",
        "[]",
        "null",
    };
    for (auto const& header : headers)
        EXPECT_EQ(status_with(sign(header, claims)), 401) << header;
}

TEST_F(TokenConfusionTest, only_the_claims_we_write_are_taken)
{
    auto const token = ask(person).text("token");
    auto const header = *from_base64url(part(token, 0));
    auto const claims = claims_of(token);
    auto const stranger = sign_up("bo@example.com").text("workspaces/0/id");
    auto const now = std::to_string(clock.now().unix_s());
    auto const exp = claims.substr(claims.find("\"exp\":"));
    std::vector<std::string> const table{
        with(claims, "\"iss\":\"hermod\"", "\"iss\":\"evil\""),
        with(claims, "\"aud\":\"hermod\"", "\"aud\":\"other\""),
        with(claims, "\"aud\":\"hermod\"", "\"aud\":[\"hermod\"]"),
        with(claims, workspace.str(), stranger),
        with(claims, person, PersonId::make(clock.now()).str()),
        with(claims, person, owner.text("workspaces/0/person_id")),
        with(claims, exp, "\"exp\":" + now + "}"),
        with(claims, exp, "\"exp\":0}"),
        with(claims, exp, "\"exp\":-1}"),
        with(claims, exp, "\"exp\":\"9999999999\"}"),
        with(claims, exp, "\"exp\":1e300}"),
        with(claims, exp, "\"exp\":null}"),
        with(claims, "," + exp, "}"),
        with(claims, exp, exp.substr(0, exp.size() - 1) + ",\"role\":\"owner\"}"),
        with(claims, exp, exp.substr(0, exp.size() - 1) + ",\"scope\":\"admin\"}"),
    };
    for (auto const& changed : table)
        EXPECT_EQ(status_with(sign(header, changed)), 401) << changed;
}

TEST_F(TokenConfusionTest, a_symmetric_signature_by_what_is_public_is_refused)
{
    auto const token = ask(person).text("token");
    auto const header = to_base64url(R"({"alg":"HS256","typ":"person+jwt","kid":"k1"})");
    auto const text = header + '.' + part(token, 1);

    for (std::string const& key : {std::string{}, std::string{"hermod"}, std::string{"k1"},
             part(token, 2), std::string(32, '\0')})
        EXPECT_EQ(status_with(text + '.' + to_base64url(as_text(hmac_sha256(key, text)))), 401);
    EXPECT_EQ(status_with(text + '.'), 401);
    EXPECT_EQ(status_with(part(token, 0) + '.' + part(token, 1) + '.'), 401);
    EXPECT_EQ(status_with(part(token, 0) + '.' + part(token, 1)), 401);
}

TEST_F(TokenConfusionTest, no_kind_of_token_is_taken_for_another)
{
    auto const of_person = ask(person).text("token");
    auto const of_session = owner.text("access_token");
    auto const swapped = part(of_session, 0) + '.' + part(of_person, 1) + '.' + part(of_person, 2);

    EXPECT_EQ(status_with(swapped), 401);
    EXPECT_FALSE(access.signer.verify(of_person, clock.now()).has_value());
    EXPECT_FALSE(access.signer.verify_person(of_session, clock.now()).has_value());
    // Claims of one under the header of the other, signed by us.
    EXPECT_EQ(status_with(sign(*from_base64url(part(of_session, 0)), claims_of(of_person))), 401);
    EXPECT_EQ(status_with(sign(*from_base64url(part(of_person, 0)), claims_of(of_session))), 401);
}

TEST_F(TokenConfusionTest, another_instances_token_is_refused)
{
    auto const other_ring = Keyring::parse("k1:" + std::string(64, '2'));
    TokenSigner const other{other_ring};

    EXPECT_EQ(status_with(other.sign(
                  PersonToken{workspace, *PersonId::parse(person), clock.now() + seconds{60}},
                  clock.now())),
        401);
}

}
