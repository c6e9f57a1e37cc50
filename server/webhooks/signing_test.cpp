#include "base/crypto.hpp"

#include "webhooks/outcome.hpp"
#include "webhooks/schedule.hpp"
#include "webhooks/signing.hpp"
#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace hermod::webhooks {
namespace {

TEST(Signing, gives_the_signature_of_the_standard)
{
    EXPECT_EQ(
        standard_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp::from_s(1'614'265'330), R"({"test": 2432232314})"),
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(Signing, a_secret_is_32_random_bytes)
{
    auto const secret = new_secret();

    ASSERT_TRUE(secret.starts_with("whsec_"));
    EXPECT_EQ(from_base64(secret.substr(6))->size(), 32U);
    EXPECT_NE(secret, new_secret());
}

static events::Line line()
{
    return {.log_offset = 7,
        .id = EventId::make(Timestamp::from_s(1)),
        .type = "note.made",
        .conversation_id = {},
        .person_id = {},
        .reach = {},
        .data = R"({"note":"hi"})",
        .created_at = Timestamp::from_s(1'800'000'000)};
}

TEST(Signing, a_body_is_the_event_and_its_timestamp)
{
    auto const event = line();

    auto const body = json::parse(body_of(event, "c1")).get_object();

    EXPECT_EQ(body.at("timestamp").get_string(), "2027-01-15T08:00:00.000Z");
    EXPECT_EQ(body.at("created_at"), body.at("timestamp"));
    EXPECT_EQ(body.at("id").get_string(), event.id.str());
    EXPECT_EQ(body.at("offset").get_int64(), 7);
    EXPECT_EQ(body.at("cursor").get_string(), "c1");
    EXPECT_EQ(body.at("data"), json::parse(event.data));
    EXPECT_TRUE(body.at("conversation_id").is_null());
}

TEST(Signing, every_active_secret_signs_and_the_newest_alone_for_simple_receivers)
{
    auto const event = line();
    auto const [first, second] = std::pair{new_secret(), new_secret()};
    auto const at = Timestamp::from_s(1'800'000'005);
    auto const delivery = DeliveryId::make(at);

    auto const headers = delivery_headers(delivery, event, {first, second}, at, "{}");

    auto const header = [&](std::string_view name) {
        return std::ranges::find(headers, name, [](auto const& one) { return one.first; })->second;
    };
    EXPECT_EQ(header("webhook-id"), event.id.str());
    EXPECT_EQ(header("webhook-timestamp"), "1800000005");
    EXPECT_EQ(header("webhook-signature"),
        standard_signature(first, event.id.str(), at, "{}") + ' '
            + standard_signature(second, event.id.str(), at, "{}"));
    EXPECT_EQ(header("Hermod-Delivery"), delivery.str());
    EXPECT_EQ(header("X-Webhook-Event"), "note.made");
    EXPECT_EQ(header("X-Webhook-Signature"), "sha256=" + to_hex(hmac_sha256(first, "{}")));
}

TEST(Schedule, pauses_grow_to_a_day_and_end_after_ten_attempts)
{
    std::vector<std::int64_t> const seconds_of{
        5, 300, 1800, 7200, 18'000, 36'000, 50'400, 72'000, 86'400};
    std::set<std::int64_t> seen;
    for (std::size_t i = 0; i < seconds_of.size(); ++i)
        for (int again = 0; again < 50; ++again) {
            auto const pause = pause_after(static_cast<std::int64_t>(i) + 1);
            ASSERT_TRUE(pause.has_value());
            EXPECT_GE(pause->count(), seconds_of[i] * 800'000);
            EXPECT_LE(pause->count(), seconds_of[i] * 1'200'000);
            seen.insert(pause->count());
        }
    EXPECT_GT(seen.size(), 50U); // not all alike
    EXPECT_FALSE(pause_after(10));
    EXPECT_FALSE(pause_after(0));
}

TEST(Outcome, tells_every_kind_of_failure_apart)
{
    auto const now = Timestamp::from_s(1'800'000'000);
    auto const of_failure = [&](net::HttpFailure failure) {
        return outcome_of(std::unexpected(net::HttpError{failure, false, "why"}), now).error->code;
    };
    auto const of_status = [&](int status, net::Pairs headers = {}) {
        net::HttpResponse response;
        response.status = status;
        response.headers = std::move(headers);
        return outcome_of(std::move(response), now);
    };

    EXPECT_EQ(of_failure(net::HttpFailure::dns), Failure::dns);
    EXPECT_EQ(of_failure(net::HttpFailure::connect), Failure::connect);
    EXPECT_EQ(of_failure(net::HttpFailure::tls), Failure::tls);
    EXPECT_EQ(of_failure(net::HttpFailure::timeout), Failure::timeout);
    EXPECT_EQ(of_failure(net::HttpFailure::closed), Failure::reset);
    EXPECT_EQ(of_failure(net::HttpFailure::protocol), Failure::protocol);
    EXPECT_EQ(of_failure(net::HttpFailure::too_large), Failure::too_large);
    EXPECT_EQ(of_failure(net::HttpFailure::blocked_address), Failure::blocked_address);
    EXPECT_EQ(of_failure(net::HttpFailure::invalid_request), Failure::invalid_url);
    EXPECT_FALSE(of_status(204).error);
    EXPECT_EQ(of_status(302).error->code, Failure::redirect);
    EXPECT_EQ(of_status(404).error->code, Failure::status_4xx);
    EXPECT_EQ(of_status(503).error->code, Failure::status_5xx);
    EXPECT_EQ(of_status(700).error->code, Failure::protocol);
    EXPECT_TRUE(of_status(410).gone);
    EXPECT_FALSE(of_status(404).gone);
    EXPECT_EQ(of_status(429, {{"retry-after", "120"}}).retry_after, seconds{120});
    EXPECT_EQ(of_status(429, {{"retry-after", "Fri, 15 Jan 2027 08:02:00 GMT"}}).retry_after,
        seconds{120});
}

}
}
