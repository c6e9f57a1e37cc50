#include "webhooks/signing.hpp"
#include "webhooks/webhooks_world_test.hpp"

namespace hermod::webhooks {
namespace {

using Notes = std::vector<std::string>;

class EngineTest : public WebhooksTest { };

TEST_F(EngineTest, an_event_goes_to_each_webhook_signed)
{
    start();
    auto const first = make({}, "https://example.com/one");
    auto const second = make({}, "https://example.com/two");
    // The second gets not that it was made itself, but the first does.
    ASSERT_TRUE(until_sent(1));
    endpoints.received.clear();

    note("hello");
    ASSERT_TRUE(until_sent(2));

    EXPECT_EQ(endpoints.notes(), (Notes{"hello", "hello"}));
    for (std::size_t i = 0; i < 2; ++i) {
        auto const& webhook = endpoints.received[i].url == first.url ? first : second;
        auto const delivery = newest(webhook.id);
        EXPECT_EQ(delivery.state, DeliveryState::delivered);
        EXPECT_EQ(delivery.attempts, 1);
        EXPECT_EQ(endpoints.header(i, "webhook-id"), delivery.event_id.str());
        EXPECT_EQ(endpoints.header(i, "Hermod-Delivery"), delivery.id.str());
        EXPECT_EQ(endpoints.header(i, "webhook-signature"),
            standard_signature(
                *webhook.secret, delivery.event_id.str(), clock.now(), endpoints.received[i].body));
    }
    EXPECT_NE(endpoints.received[0].url, endpoints.received[1].url);
    EXPECT_EQ(deliveries(first.id).size(), 2U);
    EXPECT_EQ(deliveries(second.id).size(), 1U);
}

TEST_F(EngineTest, held_it_sends_nothing_and_then_what_came_meanwhile)
{
    engine->hold(true);
    start();
    make();
    note("held");
    settle();
    EXPECT_TRUE(endpoints.received.empty());

    engine->hold(false);

    ASSERT_TRUE(until_sent(1));
    EXPECT_EQ(endpoints.notes(), (Notes{"held"}));
}

TEST_F(EngineTest, events_from_before_it_was_made_do_not_come)
{
    start();
    note("before");
    make();
    note("after");

    ASSERT_TRUE(until_sent(1));
    settle();

    EXPECT_EQ(endpoints.notes(), (Notes{"after"}));
}

TEST_F(EngineTest, a_failure_is_tried_again_with_the_same_body_and_id)
{
    endpoints.answer = [&](auto const&) {
        return endpoints.received.size() < 3 ? answer_with(500) : answer_with(200);
    };
    start();
    auto const webhook = make();
    note("x");
    ASSERT_TRUE(until_sent(1));
    settle();
    EXPECT_EQ(newest(webhook.id).state, DeliveryState::retrying);
    EXPECT_EQ(newest(webhook.id).error->code, Failure::status_5xx);
    EXPECT_EQ(newest(webhook.id).error->status, 500);
    EXPECT_TRUE(get(webhook.id).failing_since.has_value());

    clock.advance(seconds{6});
    ASSERT_TRUE(until_sent(2));
    settle();
    clock.advance(seconds{360});
    ASSERT_TRUE(until_sent(3));
    settle();

    EXPECT_EQ(endpoints.received[0].body, endpoints.received[2].body);
    EXPECT_EQ(endpoints.header(0, "webhook-id"), endpoints.header(2, "webhook-id"));
    EXPECT_NE(endpoints.header(0, "webhook-timestamp"), endpoints.header(2, "webhook-timestamp"));
    auto const delivery = newest(webhook.id);
    EXPECT_EQ(delivery.state, DeliveryState::delivered);
    EXPECT_EQ(delivery.attempts, 3);
    auto const attempts = run(list_attempts(deps, caller(), delivery.id)).data;
    ASSERT_EQ(attempts.size(), 3U);
    EXPECT_EQ(attempts[0].outcome, DeliveryOutcome::delivered);
    EXPECT_EQ(attempts[0].n, 3);
    EXPECT_EQ(attempts[2].error->code, Failure::status_5xx);
    EXPECT_FALSE(get(webhook.id).failing_since.has_value());
}

TEST_F(EngineTest, order_is_kept_in_a_conversation_and_a_failure_holds_no_other)
{
    auto const a = conversation();
    auto const b = conversation();
    endpoints.answer = [&](net::HttpRequest const& request) {
        return request.body.find(R"("a1")") != std::string::npos && endpoints.received.size() < 3
            ? answer_with(503)
            : answer_with(200);
    };
    start();
    make();
    note("a1", a);
    note("a2", a);
    note("b1", b);
    ASSERT_TRUE(until_sent(2));
    settle();
    EXPECT_EQ(endpoints.notes(), (Notes{"a1", "b1"}));

    clock.advance(seconds{6});
    ASSERT_TRUE(until_sent(4));
    settle();

    EXPECT_EQ(endpoints.notes(), (Notes{"a1", "b1", "a1", "a2"}));
}

TEST_F(EngineTest, after_five_failures_an_event_is_parked_and_given_up_after_ten)
{
    auto const a = conversation();
    endpoints.answer = [&](net::HttpRequest const& request) {
        return request.body.find(R"("bad")") != std::string::npos ? answer_with(500)
                                                                  : answer_with(200);
    };
    start();
    auto const webhook = make();
    note("bad", a);
    ASSERT_TRUE(until_sent(1));
    note("good", a);
    settle();
    auto const advance_to = [&](std::size_t sent) {
        for (int i = 0; i < 200 && endpoints.received.size() < sent; ++i) {
            auto const at = deliveries(webhook.id).back().next_attempt_at;
            clock.advance(std::max<microseconds>(*at - clock.now(), seconds{1}));
            settle();
        }
    };
    advance_to(4);
    EXPECT_EQ(endpoints.notes(), (Notes{"bad", "bad", "bad", "bad"}));
    EXPECT_FALSE(deliveries(webhook.id).back().parked);

    advance_to(5);

    ASSERT_TRUE(until_sent(6));
    EXPECT_EQ(endpoints.notes().back(), "good");
    EXPECT_TRUE(deliveries(webhook.id).back().parked);
    advance_to(11);
    settle();
    auto const bad = deliveries(webhook.id).back();
    EXPECT_EQ(bad.state, DeliveryState::dead);
    EXPECT_EQ(bad.attempts, 10);
    EXPECT_EQ(bad.error->code, Failure::status_5xx);
    EXPECT_FALSE(bad.next_attempt_at);
    clock.advance(std::chrono::hours{30});
    settle();
    EXPECT_EQ(endpoints.received.size(), 11U);
}

TEST_F(EngineTest, one_endpoint_that_hangs_holds_no_other)
{
    endpoints.hanging = {"https://example.com/slow"};
    start();
    make({}, "https://example.com/slow");
    make({}, "https://example.com/quick");
    ASSERT_TRUE(drive_until([&] { return endpoints.under_way["https://example.com/slow"] == 1; }));
    for (int i = 0; i < 30; ++i)
        note(std::to_string(i));

    ASSERT_TRUE(drive_until([&] {
        return std::ranges::count_if(endpoints.received, [](auto const& one) {
            return one.url == "https://example.com/quick";
        }) >= 30;
    }));

    EXPECT_EQ(endpoints.under_way["https://example.com/slow"], 1);
    endpoints.hanging.clear();
    clock.advance(microseconds{1});
    ASSERT_TRUE(until_sent(61)); // the second's making, and 30 each
}

TEST_F(EngineTest, a_circuit_holds_an_endpoint_back_and_consumes_no_attempts)
{
    endpoints.answer = [](auto const&) { return answer_with(500); };
    start();
    auto const webhook = make();
    for (int i = 0; i < 40; ++i)
        note(std::to_string(i));
    ASSERT_TRUE(until_sent(10));
    settle();
    auto const sent = endpoints.received.size();
    EXPECT_GE(sent, 10U);
    EXPECT_LE(sent, 13U); // what was under way when it opened
    EXPECT_EQ(get(webhook.id).held_until, clock.now() + seconds{30});
    clock.advance(seconds{29});
    settle();
    EXPECT_EQ(endpoints.received.size(), sent);
    EXPECT_EQ(deliveries(webhook.id, DeliveryState::pending).size(), 40 - sent);
    EXPECT_EQ(newest(webhook.id).attempts, 0);

    clock.advance(seconds{1});
    ASSERT_TRUE(until_sent(sent + 1));
    settle();
    EXPECT_EQ(endpoints.received.size(), sent + 1); // the probe alone
    endpoints.answer = [](auto const&) { return answer_with(200); };
    clock.advance(seconds{60});
    ASSERT_TRUE(until_sent(sent + 1 + 40));
    settle();

    EXPECT_EQ(deliveries(webhook.id, DeliveryState::delivered).size(), 40U);
    EXPECT_FALSE(get(webhook.id).held_until);
}

TEST_F(EngineTest, retry_after_is_heeded_by_all_that_wait)
{
    endpoints.answer = [&](auto const&) {
        return endpoints.received.size() == 1 ? answer_with(429, {{"retry-after", "600"}})
                                              : answer_with(200);
    };
    start();
    auto const webhook = make();
    note("first");
    ASSERT_TRUE(until_sent(1));
    settle();
    note("second");
    settle();
    clock.advance(seconds{599});
    settle();
    EXPECT_EQ(endpoints.received.size(), 1U);
    EXPECT_EQ(deliveries(webhook.id).back().next_attempt_at, clock.now() + seconds{1});

    clock.advance(seconds{1});

    ASSERT_TRUE(until_sent(3));
}

TEST_F(EngineTest, a_410_disables_at_once_and_gives_up_what_is_open)
{
    endpoints.hanging = {"https://example.com/hook"};
    start();
    auto const webhook = make();
    for (int i = 0; i < 5; ++i)
        note(std::to_string(i));
    settle(); // all are made from the log, and the first is under way
    endpoints.answer = [](auto const&) { return answer_with(410); };
    endpoints.hanging.clear();
    clock.advance(microseconds{1});
    settle();
    note("later");
    settle();

    EXPECT_EQ(endpoints.received.size(), 1U);
    auto const now = get(webhook.id);
    EXPECT_EQ(now.state, WebhookState::disabled);
    EXPECT_EQ(now.disabled_reason, DisabledReason::gone);
    auto const dead = deliveries(webhook.id, DeliveryState::dead);
    ASSERT_EQ(dead.size(), 5U);
    EXPECT_EQ(dead.front().error->code, Failure::webhook_disabled);
    EXPECT_EQ(dead.back().error->code, Failure::status_4xx);
    EXPECT_EQ(std::ranges::count(event_types(), "webhook.disabled"), 1);
    EXPECT_EQ(read(workspace, [](db::Tx const& tx) { return first_needed_offset(tx); }),
        std::numeric_limits<std::int64_t>::max());
}

TEST_F(EngineTest, five_days_of_failures_disable_and_a_success_between_does_not)
{
    endpoints.answer = [](auto const&) { return answer_with(500); };
    start();
    auto const webhook = make();
    auto const day = [&](int status) {
        endpoints.answer = [status](auto const&) { return answer_with(status); };
        auto const sent = endpoints.received.size();
        note("x");
        ASSERT_TRUE(until_sent(sent + 1));
        settle();
        clock.advance(std::chrono::hours{26});
        settle();
    };
    for (int i = 0; i < 4; ++i)
        day(500);
    day(200);
    for (int i = 0; i < 4; ++i)
        day(500);
    EXPECT_EQ(get(webhook.id).state, WebhookState::enabled);

    for (int i = 0; i < 2; ++i)
        if (get(webhook.id).state == WebhookState::enabled)
            day(500);
    settle();

    EXPECT_EQ(get(webhook.id).state, WebhookState::disabled);
    EXPECT_EQ(get(webhook.id).disabled_reason, DisabledReason::failing);
    EXPECT_TRUE(deliveries(webhook.id, DeliveryState::retrying).empty());
    EXPECT_EQ(event_types().back(), "webhook.disabled");
}

TEST_F(EngineTest, what_was_under_way_at_a_crash_is_sent_again_with_its_id)
{
    endpoints.hanging = {"https://example.com/hook"};
    start();
    auto const webhook = make();
    auto const a = conversation();
    note("1", a);
    note("2", a);
    ASSERT_TRUE(drive_until([&] { return endpoints.received.size() == 1; }));

    restart();
    ASSERT_TRUE(drive_until([&] { return endpoints.received.size() == 2; }));
    endpoints.hanging.clear();
    clock.advance(microseconds{1});
    ASSERT_TRUE(until_sent(3));
    settle();

    EXPECT_EQ(endpoints.notes(), (Notes{"1", "1", "2"}));
    EXPECT_EQ(endpoints.header(0, "webhook-id"), endpoints.header(1, "webhook-id"));
    EXPECT_EQ(deliveries(webhook.id, DeliveryState::delivered).size(), 2U);
    EXPECT_EQ(deliveries(webhook.id).front().attempts, 1);
}

TEST_F(EngineTest, events_of_while_it_was_down_and_pending_retries_survive_a_restart)
{
    endpoints.answer = [](auto const&) { return answer_with(500); };
    start();
    auto const webhook = make();
    note("retry");
    ASSERT_TRUE(until_sent(1));
    settle();
    stop();
    db.on_commit([](auto) { });
    note("while down");

    endpoints.answer = [](auto const&) { return answer_with(200); };
    restart();
    ASSERT_TRUE(until_sent(2));
    clock.advance(seconds{6});
    ASSERT_TRUE(until_sent(3));
    settle();

    EXPECT_EQ(endpoints.notes(), (Notes{"retry", "while down", "retry"}));
    EXPECT_EQ(deliveries(webhook.id, DeliveryState::delivered).size(), 2U);
}

TEST_F(EngineTest, a_shard_that_is_lost_and_comes_back_sends_nothing_twice)
{
    endpoints.hanging = {"https://example.com/hook"};
    start();
    auto const webhook = make();
    auto const a = conversation();
    note("1", a);
    note("2", a);
    ASSERT_TRUE(drive_until([&] { return endpoints.received.size() == 1; }));
    auto const shard = db::shard_of(workspace);
    EXPECT_EQ(engine->under_way(shard), 1);

    engine->lose({shard});
    settle();
    engine->gain({shard});
    settle();
    EXPECT_EQ(endpoints.received.size(), 1U);
    endpoints.hanging.clear();
    clock.advance(microseconds{1});

    ASSERT_TRUE(until_sent(2));
    settle();
    EXPECT_EQ(endpoints.notes(), (Notes{"1", "2"}));
    EXPECT_EQ(deliveries(webhook.id, DeliveryState::delivered).size(), 2U);
    EXPECT_EQ(engine->under_way(shard), 0);
}

TEST_F(EngineTest, without_its_shard_nothing_is_sent)
{
    start();
    make();
    settle();
    engine->lose({db::shard_of(workspace)});
    settle();

    note("x");
    settle();

    EXPECT_TRUE(endpoints.received.empty());
}

TEST_F(EngineTest, drained_it_starts_nothing_more)
{
    start();
    auto const webhook = make();
    settle();
    engine->drain();
    note("x");
    settle();

    EXPECT_TRUE(endpoints.received.empty());
    restart();
    ASSERT_TRUE(until_sent(1));
    EXPECT_EQ(newest(webhook.id).state, DeliveryState::delivered);
}

TEST_F(EngineTest, more_than_fits_in_memory_is_delivered_in_order_all_the_same)
{
    endpoints.hanging = {"https://example.com/hook"};
    start();
    auto const webhook = make();
    auto const a = conversation();
    write(workspace, [&](db::Tx& tx) {
        for (int i = 0; i < 450; ++i)
            events::append(
                tx, note_made, NoteEvent{std::to_string(i)}, {.conversation = a, .person = {}});
    });
    settle();

    endpoints.hanging.clear();
    clock.advance(microseconds{1});
    ASSERT_TRUE(until_sent(450));
    settle();

    Notes expected;
    for (int i = 0; i < 450; ++i)
        expected.push_back(std::to_string(i));
    EXPECT_EQ(endpoints.notes(), expected);
    EXPECT_TRUE(deliveries(webhook.id, DeliveryState::pending).empty());
}

TEST_F(EngineTest, what_was_redacted_meanwhile_is_not_told)
{
    endpoints.answer = [&](auto const&) {
        return answer_with(endpoints.received.size() == 1 ? 500 : 200);
    };
    start();
    make();
    note("secret");
    ASSERT_TRUE(until_sent(1));
    settle();
    write(workspace, [&](db::Tx& tx) {
        auto const head = events::find_extent(tx)->head;
        events::rewrite_at(tx, head, R"({"note":"redacted"})");
        events::append(tx, note_deleted, NoteEvent{"gone"});
    });
    clock.advance(seconds{6});
    ASSERT_TRUE(until_sent(3));

    auto notes = endpoints.notes();
    std::ranges::sort(notes);
    EXPECT_EQ(notes, (Notes{"gone", "redacted", "secret"}));
}

}
}
