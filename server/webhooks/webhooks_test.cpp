#include "testing/api.hpp"

#include "webhooks/filter.hpp"
#include "webhooks/signing.hpp"
#include "webhooks/webhooks_world_test.hpp"

namespace hermod::webhooks {
namespace {

using Notes = std::vector<std::string>;

class WebhookRoutesTest : public WebhooksTest {
protected:
    WebhookRoutesTest()
    {
        add_routes(api.router, deps);
        api.caller = caller();
    }
    std::string create(std::string body = R"({"url":"https://example.com/hook"})")
    {
        return api.post("/api/v1/webhooks", std::move(body)).text("id");
    }
    static std::string one(std::string const& id, std::string_view rest = {})
    {
        return "/api/v1/webhooks/" + id + std::string{rest};
    }
    /// A delivery that was given up.
    std::string dead(std::string const& id)
    {
        auto const hook = *WebhookId::parse(id);
        endpoints.answer = [](auto const&) { return answer_with(500); };
        note("dead");
        for (int i = 0; i < 40; ++i) {
            settle();
            auto const delivery = newest(hook);
            if (delivery.state == DeliveryState::dead)
                return delivery.id.str();
            clock.advance(
                std::max<microseconds>(*delivery.next_attempt_at - clock.now(), seconds{1}));
        }
        return {};
    }

    testing::Api api{clock, metrics, io};
};

TEST_F(WebhookRoutesTest, a_secret_is_shown_once_and_sealed_at_rest)
{
    auto const made = api.post("/api/v1/webhooks", R"({"url":"https://example.com/hook"})");

    ASSERT_EQ(made.status, 201);
    auto const secret = made.text("secret");
    EXPECT_TRUE(secret.starts_with("whsec_"));
    EXPECT_EQ(made.text("state"), "enabled");
    EXPECT_FALSE(api.get(one(made.text("id"))).body.get_object().contains("secret"));
    auto const count_of = [&](std::string const& sql_free_text) {
        return read(workspace, [&](db::Tx const& tx) {
            return *tx.one<std::int64_t>(R"sql(
                SELECT COUNT(*) FROM webhooks w
                WHERE w.workspace_id = $1 AND w.secret LIKE $2)sql",
                '%' + sql_free_text + '%');
        });
    };
    EXPECT_EQ(count_of("v1.k1."), 1);
    EXPECT_EQ(count_of(secret.substr(6, 20)), 0);
    EXPECT_EQ(event_types(), (std::vector<std::string>{"webhook.created"}));
}

TEST_F(WebhookRoutesTest, wrong_configurations_are_refused_by_field)
{
    struct Case {
        std::string_view body;
        std::string_view code;
        std::string_view field;
    };
    for (auto const& [body, code, field] : std::initializer_list<Case>{
             {R"({"url":"ftp://example.com"})", "invalid_body", "url"},
             {R"({"url":"example.com"})", "invalid_body", "url"},
             {R"({"url":"https://user:pw@example.com"})", "invalid_body", "url"},
             {R"({"url":"https://127.0.0.1/"})", "address_blocked", "url"},
             {R"({"url":"http://169.254.169.254/latest"})", "address_blocked", "url"},
             {R"({"url":"http://[::1]/"})", "address_blocked", "url"},
             {R"({"url":"http://2130706433/"})", "address_blocked", "url"},
             {R"({"url":"https://example.com","filter":{"types":["no.such"]}})", "invalid_body",
                 "filter.types[0]"},
             {R"({"url":"https://example.com","filter":{"types":[]}})", "invalid_body",
                 "filter.types"},
             {R"({"url":"https://example.com","filter":{"direction":"up"}})", "invalid_body",
                 "filter.direction"},
         }) {
        auto const answer = api.post("/api/v1/webhooks", std::string{body});
        EXPECT_EQ(answer.code(), code) << body;
        EXPECT_EQ(answer.text("errors/0/field"), field) << body;
    }
    auto const id = create();
    EXPECT_EQ(api.patch(one(id), R"({"url":"http://10.0.0.1/"})").code(), "address_blocked");
    EXPECT_EQ(api.patch(one(id), R"({"filter":{"types":["x"]}})").code(), "invalid_body");
}

TEST_F(WebhookRoutesTest, nobody_is_sent_what_they_may_not_read)
{
    api.caller.scopes = {"webhooks:write", "notes:read"};
    auto const url = std::string{R"({"url":"https://example.com/hook")"};

    EXPECT_EQ(create(url + R"(,"filter":{"types":["note.made"]}})").substr(0, 4), "whk_");
    EXPECT_EQ(api.post("/api/v1/webhooks", url + "}").code(), "missing_scope");
    EXPECT_EQ(api.post("/api/v1/webhooks", url + R"(,"filter":{"types":["secret.made"]}})").code(),
        "missing_scope");
    api.caller.scopes = {"admin"};
    auto const all = create();
    api.caller.scopes = {"webhooks:write", "notes:read"};
    EXPECT_EQ(
        api.patch(one(all), R"({"url":"https://evil.example.com/"})").code(), "missing_scope");
}

TEST_F(WebhookRoutesTest, a_test_key_sees_only_its_own_and_gets_only_what_it_may_see)
{
    start();
    auto const live = create();
    api.caller.test = true;
    auto const of_test = create(R"({"url":"https://example.com/test"})");
    settle();
    endpoints.received.clear();

    EXPECT_EQ(api.get(one(live)).code(), "webhook_not_found");
    EXPECT_EQ(api.get("/api/v1/webhooks").find("data")->get_array().size(), 1U);
    EXPECT_EQ(api.post("/api/v1/deliveries/retry", R"({"filter":{"webhook_id":")" + live + R"("}})")
                  .code(),
        "webhook_not_found");
    membership.of_live_account = conversation();
    note("live", membership.of_live_account);
    note("sandbox");
    ASSERT_TRUE(until_sent(3));
    settle();

    auto const got = deliveries(*WebhookId::parse(of_test));
    EXPECT_EQ(got.size(), 1U);
    EXPECT_EQ(deliveries(*WebhookId::parse(live)).size(), 3U); // and that the other was made
}

TEST_F(WebhookRoutesTest, both_secrets_sign_until_the_old_one_ends)
{
    start();
    auto const made = api.post("/api/v1/webhooks", R"({"url":"https://example.com/hook"})");
    auto const id = made.text("id");
    auto const rotated = api.post(one(id, "/rotate_secret?overlap=3600"), "");
    ASSERT_EQ(rotated.status, 200);
    EXPECT_NE(rotated.text("secret"), made.text("secret"));
    ASSERT_TRUE(until_sent(1)); // webhook.updated
    auto const verify = [&](std::string const& secret) {
        auto const last = endpoints.received.size() - 1;
        return endpoints.header(last, "webhook-signature")
                   .find(standard_signature(secret, endpoints.header(last, "webhook-id"),
                       clock.now(), endpoints.received[last].body))
            != std::string::npos;
    };
    EXPECT_TRUE(verify(made.text("secret")));
    EXPECT_TRUE(verify(rotated.text("secret")));

    clock.advance(std::chrono::hours{1});
    note("x");
    ASSERT_TRUE(until_sent(2));

    EXPECT_FALSE(verify(made.text("secret")));
    EXPECT_TRUE(verify(rotated.text("secret")));
    EXPECT_EQ(api.post(one(id, "/rotate_secret?overlap=0"), "").status, 200);
    ASSERT_TRUE(until_sent(3));
    EXPECT_FALSE(verify(rotated.text("secret")));
}

TEST_F(WebhookRoutesTest, filters_choose_by_type_direction_and_account)
{
    auto const message = [](std::string_view direction, std::string_view account) {
        events::Line line;
        line.type = "message.created";
        line.data = R"({"message":{"direction":")" + std::string{direction} + R"(","account_id":")"
            + std::string{account} + R"("}})";
        return line;
    };
    auto const account = AccountId::make(clock.now());
    auto const other = AccountId::make(clock.now());
    auto const filter = [](std::string_view text) { return *read_json<WebhookFilter>(text); };
    auto const ours = message("inbound", account.str());

    EXPECT_TRUE(matches(filter("{}"), ours));
    EXPECT_TRUE(matches(filter(R"({"types":["x.y","message.created"]})"), ours));
    EXPECT_FALSE(matches(filter(R"({"types":["message.updated"]})"), ours));
    EXPECT_TRUE(matches(filter(R"({"direction":"inbound"})"), ours));
    EXPECT_FALSE(matches(filter(R"({"direction":"outbound"})"), ours));
    auto const of_account = filter(R"({"account_ids":[")" + account.str() + R"("]})");
    EXPECT_TRUE(matches(of_account, ours));
    EXPECT_FALSE(matches(of_account, message("inbound", other.str())));
    events::Line state;
    state.type = "account.state";
    state.data = R"({"account":{"id":")" + account.str() + R"("},"previous_state":null})";
    EXPECT_TRUE(matches(of_account, state));
    EXPECT_FALSE(matches(filter(R"({"direction":"inbound"})"), state));
    events::Line test;
    test.type = "webhook.test";
    test.data = "{}";
    EXPECT_FALSE(matches(filter("{}"), test));
}

TEST_F(WebhookRoutesTest, a_test_goes_to_its_webhook_alone_whatever_the_filter)
{
    start();
    auto const filtered =
        create(R"({"url":"https://example.com/a","filter":{"types":["note.made"]}})");
    create(R"({"url":"https://example.com/b"})");
    settle();
    endpoints.received.clear();

    auto const answer = api.post(one(filtered, "/test"), "");

    ASSERT_EQ(answer.status, 202);
    EXPECT_EQ(answer.text("state"), "pending");
    ASSERT_TRUE(until_sent(1));
    settle();
    EXPECT_EQ(endpoints.received.size(), 1U);
    EXPECT_EQ(endpoints.received[0].url, "https://example.com/a");
    EXPECT_EQ(endpoints.header(0, "X-Webhook-Event"), "webhook.test");
    EXPECT_EQ(api.get("/api/v1/deliveries/" + answer.text("id")).text("state"), "delivered");
}

TEST_F(WebhookRoutesTest, disabled_it_gets_nothing_and_enabled_again_what_happens_then)
{
    start();
    auto const id = create();
    auto const hook = *WebhookId::parse(id);
    EXPECT_EQ(api.patch(one(id), R"({"enabled":false})").text("disabled_reason"), "request");
    note("missed");
    settle();
    EXPECT_EQ(api.post(one(id, "/test"), "").code(), "webhook_disabled");
    EXPECT_EQ(api.post(one(id, "/replay"), R"({"since":"2020-01-01T00:00:00Z"})").code(),
        "webhook_disabled");
    auto const enabled = api.patch(one(id), R"({"enabled":true,"description":"d"})");
    EXPECT_EQ(enabled.text("state"), "enabled");
    EXPECT_EQ(enabled.text("description"), "d");
    note("later");
    settle();
    EXPECT_EQ(endpoints.notes(), (Notes{"later"}));

    auto const replay = api.post(one(id, "/replay"), R"({"since":"2020-01-01T00:00:00Z"})");
    EXPECT_EQ(replay.status, 202);
    settle();

    auto notes = endpoints.notes();
    EXPECT_EQ(std::ranges::count(notes, "missed"), 1);
    EXPECT_EQ(std::ranges::count(notes, "later"), 2);
    EXPECT_TRUE(deliveries(hook, DeliveryState::pending).empty());
    auto const types = event_types();
    EXPECT_EQ(std::ranges::count(types, "webhook.disabled"), 1);
    EXPECT_EQ(std::ranges::count(types, "webhook.updated"), 1);
}

TEST_F(WebhookRoutesTest, a_replay_begins_behind_a_cursor_and_keeps_ids)
{
    start();
    auto const id = create();
    for (auto const* text : {"1", "2", "3"})
        note(text);
    ASSERT_TRUE(until_sent(3));
    auto const after = std::string{endpoints.body(0).at("cursor").get_string()};
    std::map<std::string, std::string> ids;
    for (std::size_t i = 0; i < 3; ++i)
        ids[endpoints.notes()[i]] = endpoints.header(i, "webhook-id");
    auto const first = endpoints.notes()[0];
    endpoints.received.clear();
    settle();

    auto const answer = api.post(one(id, "/replay"), R"({"after":")" + after + R"("})");

    ASSERT_EQ(answer.status, 202);
    auto const expected = first == "1" ? 2U : first == "2" ? 1U : 0U;
    ASSERT_TRUE(until_sent(expected));
    settle();
    EXPECT_EQ(endpoints.received.size(), expected);
    for (std::size_t i = 0; i < expected; ++i)
        EXPECT_EQ(endpoints.header(i, "webhook-id"), ids[endpoints.notes()[i]]);
    EXPECT_EQ(api.post(one(id, "/replay"), "{}").code(), "invalid_body");
    EXPECT_EQ(api.post(one(id, "/replay"), R"({"after":"x"})").code(), "invalid_cursor");
    EXPECT_EQ(api.post(one(id, "/replay"), R"({"after":")" + log.cursor(9999) + R"("})").code(),
        "cursor_expired");
}

TEST_F(WebhookRoutesTest, a_long_replay_reaches_its_end)
{
    start();
    auto const id = create();
    write(workspace, [](db::Tx& tx) {
        for (int i = 0; i < 450; ++i)
            events::append(tx, note_made, NoteEvent{std::to_string(i)});
    });
    ASSERT_TRUE(until_sent(450));
    settle();

    api.post(one(id, "/replay"), R"({"since":"2020-01-01T00:00:00Z"})");

    ASSERT_TRUE(until_sent(900));
    settle();
    std::map<std::string, int> times;
    for (auto const& text : endpoints.notes())
        ++times[text];
    EXPECT_EQ(times.size(), 450U);
    EXPECT_TRUE(std::ranges::all_of(times, [](auto const& one) { return one.second == 2; }));
}

TEST_F(WebhookRoutesTest, a_dead_delivery_is_listed_explained_and_retried)
{
    start();
    auto const id = create();
    auto const delivery = dead(id);
    ASSERT_FALSE(delivery.empty());
    auto const path = "/api/v1/deliveries/" + delivery;
    auto const listed = api.get(one(id, "/deliveries?state=dead"));
    ASSERT_EQ(listed.find("data")->get_array().size(), 1U);
    EXPECT_EQ(listed.text("data/0/error/code"), "status_5xx");
    EXPECT_EQ(api.get(path + "/attempts").find("data")->get_array().size(), 10U);

    endpoints.answer = [](auto const&) { return answer_with(200); };
    clock.advance(std::chrono::hours{1}); // its circuit is closed
    EXPECT_EQ(api.post(path + "/retry", "").text("state"), "pending");
    settle();

    EXPECT_EQ(api.get(path).text("state"), "delivered");
    EXPECT_EQ(api.get(path).find("attempts")->get_int64(), 11);
    EXPECT_EQ(api.post(path + "/retry", "").code(), "not_retriable");
}

TEST_F(WebhookRoutesTest, dead_deliveries_are_retried_by_filter)
{
    start();
    auto const id = create();
    ASSERT_FALSE(dead(id).empty());
    endpoints.answer = [](auto const&) { return answer_with(200); };
    clock.advance(std::chrono::hours{1});
    auto const retry = [&](std::string_view filter) {
        return api.post("/api/v1/deliveries/retry", R"({"filter":)" + std::string{filter} + "}")
            .find("retried")
            ->get_int64();
    };

    EXPECT_EQ(retry(R"({"code":"dns"})"), 0);
    EXPECT_EQ(retry(R"({"created_from":"2030-01-01T00:00:00Z"})"), 0);
    EXPECT_EQ(retry(R"({"created_before":"2020-01-01T00:00:00Z"})"), 0);
    EXPECT_EQ(retry(R"({"webhook_id":")" + id + R"(","code":"status_5xx"})"), 1);
    settle();
    EXPECT_EQ(retry("{}"), 0);
    EXPECT_EQ(deliveries(*WebhookId::parse(id), DeliveryState::delivered).size(), 1U);
}

TEST_F(WebhookRoutesTest, deleted_it_is_gone_with_its_deliveries)
{
    start();
    auto const id = create();
    note("x");
    ASSERT_TRUE(until_sent(1));
    settle();
    auto const delivery = newest(*WebhookId::parse(id)).id.str();

    EXPECT_EQ(api.del(one(id)).status, 204);

    EXPECT_EQ(api.get(one(id)).code(), "webhook_not_found");
    EXPECT_EQ(api.del(one(id)).code(), "webhook_not_found");
    EXPECT_EQ(api.get("/api/v1/deliveries/" + delivery).code(), "delivery_not_found");
    note("y");
    settle();
    EXPECT_EQ(endpoints.notes(), (Notes{"x"}));
    auto const sweep = [&] {
        return write(
            workspace, [](db::Tx& tx) { return delete_old_deliveries(tx, Timestamp{}, 200); });
    };
    EXPECT_EQ(sweep(), 1);
    EXPECT_EQ(sweep(), 0);
    auto const left = read(workspace, [](db::Tx const& tx) {
        return *tx.one<std::int64_t>(R"sql(
            SELECT (SELECT COUNT(*) FROM webhooks WHERE workspace_id = $1)
                + (SELECT COUNT(*) FROM deliveries WHERE workspace_id = $1)
                + (SELECT COUNT(*) FROM delivery_attempts WHERE workspace_id = $1))sql");
    });
    EXPECT_EQ(left, 0);
}

TEST_F(WebhookRoutesTest, what_ended_is_kept_for_a_time_and_what_is_open_keeps_its_event)
{
    start();
    auto const id = create();
    auto const hook = *WebhookId::parse(id);
    note("done");
    ASSERT_TRUE(until_sent(1));
    settle();
    endpoints.answer = [](auto const&) { return answer_with(500); };
    note("open");
    ASSERT_TRUE(until_sent(2));
    settle();
    auto const offset = newest(hook).offset;
    clock.advance(seconds{1});
    auto const needed = read(workspace, [](db::Tx const& tx) { return first_needed_offset(tx); });
    EXPECT_EQ(needed, offset);

    auto const sweep = [&](Timestamp before) {
        return write(workspace, [&](db::Tx& tx) { return delete_old_deliveries(tx, before, 200); });
    };

    EXPECT_EQ(sweep(clock.now() - std::chrono::hours{1}), 0);
    EXPECT_EQ(sweep(clock.now()), 1);
    EXPECT_EQ(deliveries(hook).size(), 1U);
    EXPECT_EQ(newest(hook).state, DeliveryState::retrying);
}

TEST_F(WebhookRoutesTest, deliveries_are_listed_page_by_page_by_state)
{
    start();
    auto const id = create();
    for (int i = 0; i < 5; ++i)
        note(std::to_string(i));
    ASSERT_TRUE(until_sent(5));
    settle();

    std::vector<std::int64_t> offsets;
    std::string cursor;
    do {
        auto const page = api.get(one(id,
            "/deliveries?state=delivered&limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor)));
        for (auto const& one : page.find("data")->get_array())
            offsets.push_back(one.at("offset").get_int64());
        cursor = page.text("next");
    } while (!cursor.empty());

    EXPECT_EQ(offsets, (std::vector<std::int64_t>{6, 5, 4, 3, 2}));
    EXPECT_TRUE(api.get(one(id, "/deliveries?state=dead")).find("data")->get_array().empty());
    EXPECT_TRUE(api.get(one(id, "/deliveries?state=retrying")).find("data")->get_array().empty());
    EXPECT_EQ(api.get(one(id, "/deliveries?state=x")).code(), "invalid_query");
}

TEST_F(WebhookRoutesTest, another_workspaces_things_do_not_exist)
{
    start();
    auto const id = create();
    note("x");
    ASSERT_TRUE(until_sent(1));
    settle();
    auto const delivery = newest(*WebhookId::parse(id)).id.str();

    api.caller.workspace = make_workspace();

    EXPECT_EQ(api.get(one(id)).code(), "webhook_not_found");
    EXPECT_EQ(api.post(one(id, "/test"), "").code(), "webhook_not_found");
    EXPECT_EQ(api.get(one(id, "/deliveries")).code(), "webhook_not_found");
    EXPECT_EQ(
        api.post("/api/v1/deliveries/" + delivery + "/retry", "").code(), "delivery_not_found");
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

}
}
