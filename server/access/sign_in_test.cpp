#include "access/access_world_test.hpp"

namespace hermod::access {

using SignInTest = AccessWorld;

TEST_F(SignInTest, registering_makes_a_login_a_workspace_and_its_owner)
{
    auto const answer = sign_up("Ana@Example.com");

    EXPECT_EQ(answer.text("token_type"), "Bearer");
    EXPECT_EQ(answer.text("login/email"), "Ana@example.com");
    EXPECT_EQ(answer.text("workspaces/0/name"), "Shop");
    EXPECT_EQ(answer.text("workspaces/0/role"), "owner");
    EXPECT_EQ(answer.find("expires_in")->to_number<int>(), 900);
    auto const owner = api.get("/api/v1/people/" + answer.text("workspaces/0/person_id"),
        bearer(answer.text("access_token")));
    EXPECT_EQ(owner.text("kind"), "member");
    EXPECT_EQ(owner.text("role"), "owner");
    EXPECT_EQ(owner.text("addresses/0/value"), "Ana@example.com");
}

TEST_F(SignInTest, an_e_mail_address_registers_once)
{
    sign_up();

    auto const again = api.post("/api/v1/auth/register",
        R"({"email":"ANA@example.COM","password":"12345678","name":"A","workspace_name":"B"})");

    EXPECT_EQ(again.code(), "email_taken");
    EXPECT_EQ(count("SELECT COUNT(*) FROM workspace_directory"), 1);
}

TEST_F(SignInTest, the_right_password_logs_in)
{
    auto const registered = sign_up();

    auto const answer = log_in("correct horse", "ANA@example.com");

    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(*answer.find("login"), *registered.find("login"));
    EXPECT_EQ(*answer.find("workspaces"), *registered.find("workspaces"));
    EXPECT_NE(answer.text("refresh_token"), registered.text("refresh_token"));
    EXPECT_EQ(api.get("/api/v1/me", bearer(answer.text("access_token"))).text("login/name"), "Ana");
}

TEST_F(SignInTest, a_wrong_password_and_an_unknown_address_are_told_alike)
{
    sign_up();

    auto const wrong = log_in("wrong horse");
    auto const unknown = log_in("correct horse", "bo@example.com");
    auto const no_address = log_in("correct horse", "bo");

    EXPECT_EQ(wrong.code(), "invalid_credentials");
    for (auto const& answer : {unknown, no_address}) {
        EXPECT_EQ(answer.code(), wrong.code());
        EXPECT_EQ(answer.text("detail"), wrong.text("detail"));
        EXPECT_EQ(answer.status, 401);
    }
}

TEST_F(SignInTest, secrets_are_stored_as_hashes)
{
    auto const answer = sign_up();

    EXPECT_EQ(count("SELECT COUNT(*) FROM logins WHERE password_hash LIKE '$argon2id$%'"), 1);
    EXPECT_EQ(run(db.system().read([&](db::GlobalTx const& tx) {
        return tx.one<std::int64_t>("SELECT COUNT(*) FROM sessions WHERE refresh_hash = $1",
            sha256(answer.text("refresh_token")));
    })),
        1);
}

TEST_F(SignInTest, guessing_is_slowed_down_for_the_guesser_alone)
{
    sign_up();
    api.remote_address = "10.6.6.6";
    std::string code;
    int tries = 0;
    for (; tries < 50 && code != "rate_limited"; ++tries)
        code = log_in("wrong horse").code();

    EXPECT_EQ(tries, 9);
    EXPECT_EQ(log_in("correct horse").code(), "rate_limited");
    EXPECT_NE(log_in("correct horse").header("Retry-After"), "");
    api.remote_address = "10.0.0.1";
    EXPECT_EQ(log_in("correct horse").status, 200);
    api.remote_address = "10.6.6.6";
    clock.advance(seconds{31});
    EXPECT_EQ(log_in("correct horse").status, 200);
}

TEST_F(SignInTest, a_refresh_token_is_good_once)
{
    auto const first = sign_up();
    auto const body = R"({"refresh_token":")" + first.text("refresh_token") + R"("})";
    clock.advance(seconds{3600});
    EXPECT_EQ(api.get("/api/v1/me", bearer(first.text("access_token"))).code(), "unauthenticated");

    auto const second = api.post("/api/v1/auth/refresh", body);
    ASSERT_EQ(second.status, 200);
    EXPECT_EQ(api.get("/api/v1/me", bearer(second.text("access_token"))).status, 200);
    clock.advance(seconds{61});
    auto const again = api.post("/api/v1/auth/refresh", body);

    EXPECT_EQ(again.code(), "unauthenticated");
    EXPECT_EQ(again.status, 401);
}

TEST_F(SignInTest, a_session_ends_when_its_days_are_over)
{
    auto const answer = sign_up();

    clock.advance(std::chrono::hours{24 * 30});

    auto const late = api.post(
        "/api/v1/auth/refresh", R"({"refresh_token":")" + answer.text("refresh_token") + R"("})");
    EXPECT_EQ(late.code(), "unauthenticated");
    run(access.watch.sweep());
    EXPECT_EQ(count("SELECT COUNT(*) FROM sessions"), 0);
}

TEST_F(SignInTest, logging_out_ends_the_session_at_once)
{
    auto const answer = sign_up();
    auto const other = log_in("correct horse");
    auto const as = bearer(answer.text("access_token"));
    ASSERT_EQ(api.get("/api/v1/me", as).status, 200);

    EXPECT_EQ(api.post("/api/v1/auth/logout", "", as).status, 204);

    EXPECT_EQ(api.get("/api/v1/me", as).code(), "unauthenticated");
    EXPECT_EQ(api.post("/api/v1/auth/refresh",
                     R"({"refresh_token":")" + answer.text("refresh_token") + R"("})")
                  .code(),
        "unauthenticated");
    EXPECT_EQ(api.get("/api/v1/me", bearer(other.text("access_token"))).status, 200);
}

struct BadInput {
    std::string target;
    std::string body;
    std::string code;
    std::string fields;
};

TEST_F(SignInTest, bad_input_is_told_by_field)
{
    std::string const path = "/api/v1/auth/";
    std::vector<BadInput> const table{
        {path + "register", "{}", "invalid_body",
            "email: is required; password: is required; name: is required; "
            "workspace_name: is required"},
        {path + "register",
            R"({"email":"ana","password":"12345678","name":"A","workspace_name":"B"})",
            "invalid_email", "email: must have an @"},
        {path + "register",
            R"({"email":"a@b.co\r\nBcc: x@y.co","password":"12345678","name":"A","workspace_name":"B"})",
            "invalid_email",
            "email: must be plain ASCII without spaces (write the domain in its xn-- form)"},
        {path + "register",
            R"({"email":"a@b.co","password":"1234567","name":"A","workspace_name":"B"})",
            "invalid_body", "password: must have at least 8 characters"},
        {path + "register",
            R"({"email":"a@b.co","password":"12345678","name":"A","workspace_name":"B","role":"owner"})",
            "invalid_body", "role: is not a known field"},
        {path + "login", R"({"email":"a@b.co"})", "invalid_body", "password: is required"},
        {path + "login", R"({"email":["a"],"password":"x"})", "invalid_body",
            "email: must be a string"},
        {path + "refresh", R"({"refresh_token":""})", "invalid_body",
            "refresh_token: must not be empty"},
        {path + "refresh", R"({"refresh_token":"hrt_nothing"})", "unauthenticated", ""},
        {path + "register", "not json", "malformed_json", ""},
    };
    for (auto const& [target, body, code, fields] : table) {
        auto const answer = api.post(target, body);
        EXPECT_EQ(answer.code(), code) << target << ' ' << body;
        EXPECT_EQ(testing::wrong_fields(answer), fields) << target << ' ' << body;
    }
    EXPECT_EQ(count("SELECT COUNT(*) FROM logins"), 0);
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

}
