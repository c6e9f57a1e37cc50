#include "connectors/sandbox/sandbox.hpp"
#include "net/scripted_peer_test.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace hermod::sandbox {

using accounts::ErrorKind;
using accounts::ReceiptStatus;
using accounts::SendResult;

static std::string answer(std::string_view status, std::string_view headers = {})
{
    return "HTTP/1.1 " + std::string{status} + "\r\nContent-Length: 0\r\n" + std::string{headers}
    + "\r\n";
}

class SandboxTest : public testing::Test {
protected:
    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> value;
        run_blocking(io, [&]() -> Task<void> { value.emplace(co_await std::move(task)); });
        return *std::move(value);
    }
    static accounts::AccountView account(std::string settings = "{}")
    {
        return {{}, {}, "+12025550199", "Shop", std::move(settings), "{}"};
    }
    static accounts::AccountView account(net::ScriptedPeer const& network)
    {
        return account(R"({"network_url":")" + network.url("/net") + R"("})");
    }
    accounts::Outgoing to(std::string address) const
    {
        return {.message = message,
            .conversation = {},
            .to = std::move(address),
            .to_name = {},
            .type = "text",
            .content = R"({"text":"hi"})",
            .subject = {},
            .earlier_subject = {},
            .references = {},
            .reply_to_provider_id = {}};
    }
    SendResult send(std::string address, accounts::AccountView const& from = account())
    {
        return run(connector.send(from, to(std::move(address))));
    }
    SendResult send_over(std::string const& reply)
    {
        net::ScriptedPeer network{[&](net::PeerConnection& connection) {
            request = connection.read_request();
            connection.write(reply);
        }};
        return send("+12025550100", account(network));
    }

    asio::io_context io{1};
    FakeClock clock;
    MessageId message = MessageId::make(clock.now());
    net::AddressGuard guard{true};
    net::HttpClient http{guard};
    SandboxConnector connector{http, clock};
    std::string request;
};

TEST_F(SandboxTest, magic_numbers_fail_as_their_digit_says)
{
    struct Row {
        char const* number;
        ErrorKind kind;
    };
    static constexpr Row rows[] = {
        {"+15005550001", ErrorKind::retryable},
        {"+15005550002", ErrorKind::pace},
        {"+15005550003", ErrorKind::recipient},
        {"+15005550004", ErrorKind::content},
        {"+15005550005", ErrorKind::account_blocked},
        {"+15005550006", ErrorKind::auth},
        {"+15005550007", ErrorKind::outcome_unknown},
    };
    for (auto const& row : rows) {
        auto const result = send(row.number);

        EXPECT_FALSE(result.sent.has_value()) << row.number;
        ASSERT_TRUE(result.error.has_value()) << row.number;
        EXPECT_EQ(result.error->kind, row.kind) << row.number;
        EXPECT_TRUE(result.later.empty()) << row.number;
    }
    EXPECT_TRUE(send("+15005550002").error->retry_after.has_value());
}

TEST_F(SandboxTest, every_other_address_is_delivered_then_read)
{
    for (auto const* address :
        {"+12025550100", "+15005550000", "+15005550009", "+150055500011", "ana@example.com"}) {
        auto const result = send(address);

        ASSERT_TRUE(result.sent.has_value()) << address;
        EXPECT_EQ(result.sent->provider_id, message.str());
        ASSERT_EQ(result.later.size(), 2U);
        EXPECT_EQ(result.later[0].status, ReceiptStatus::delivered);
        EXPECT_EQ(result.later[1].status, ReceiptStatus::read);
    }
}

TEST_F(SandboxTest, number_eight_is_sent_and_never_delivered)
{
    auto const result = send("+15005550008");

    EXPECT_TRUE(result.sent.has_value());
    EXPECT_TRUE(result.later.empty());
}

TEST_F(SandboxTest, receipts_come_after_their_delays)
{
    auto const result =
        send("+12025550100", account(R"({"delays_ms":{"delivered":100,"read":250}})"));

    EXPECT_EQ(result.later.at(0).after, milliseconds{100});
    EXPECT_EQ(result.later.at(1).after, milliseconds{350});
}

TEST_F(SandboxTest, the_network_gets_the_message)
{
    auto const result = send_over(answer("200 OK"));

    EXPECT_TRUE(result.sent.has_value());
    EXPECT_TRUE(request.starts_with("POST /net HTTP/1.1\r\n")) << request;
    EXPECT_TRUE(request.ends_with("\r\n\r\n{\"id\":\"" + message.str()
        + "\",\"from\":\"+12025550199\",\"to\":\"+12025550100\",\"type\":\"text\","
          "\"content\":{\"text\":\"hi\"}}"))
        << request;
}

TEST_F(SandboxTest, the_networks_answer_tells_what_went_wrong)
{
    struct Row {
        char const* status;
        ErrorKind kind;
    };
    static constexpr Row rows[] = {
        {"400 Bad Request", ErrorKind::content},
        {"401 Unauthorized", ErrorKind::auth},
        {"403 Forbidden", ErrorKind::auth},
        {"404 Not Found", ErrorKind::recipient},
        {"408 Request Timeout", ErrorKind::retryable},
        {"410 Gone", ErrorKind::recipient},
        {"422 Unprocessable", ErrorKind::content},
        {"429 Too Many Requests", ErrorKind::pace},
        {"500 Oh No", ErrorKind::retryable},
        {"503 Later", ErrorKind::retryable},
        {"302 Found", ErrorKind::retryable},
    };
    for (auto const& row : rows) {
        auto const result = send_over(answer(row.status));

        ASSERT_TRUE(result.error.has_value()) << row.status;
        EXPECT_EQ(result.error->kind, row.kind) << row.status;
    }
    EXPECT_EQ(send_over(answer("429 Slow Down", "Retry-After: 7\r\n")).error->retry_after,
        std::chrono::seconds{7});
}

TEST_F(SandboxTest, an_answer_that_never_comes_leaves_the_outcome_unknown)
{
    EXPECT_EQ(send_over("").error->kind, ErrorKind::outcome_unknown);

    std::uint16_t port = 0;
    {
        net::ScriptedPeer const gone{[](net::PeerConnection&) { }};
        port = gone.port();
    }
    auto const nowhere =
        account(R"({"network_url":"http://127.0.0.1:)" + std::to_string(port) + R"("})");
    EXPECT_EQ(send("+12025550100", nowhere).error->kind, ErrorKind::retryable);
}

TEST_F(SandboxTest, an_unknown_outcome_is_settled_by_asking_the_network)
{
    static constexpr char const* replies[] = {"200 OK", "404 Not Found", "500 Oh No"};
    std::atomic<std::size_t> asked{0};
    net::ScriptedPeer network{[&](net::PeerConnection& connection) {
        request = connection.read_request();
        connection.write(answer(replies[asked++]));
        connection.read_request();
    }};
    auto const settle = [&] { return run(connector.settle(account(network), to("+12025550100"))); };

    EXPECT_TRUE(settle()->sent.has_value());
    EXPECT_TRUE(request.starts_with("GET /net/" + message.str() + " ")) << request;
    EXPECT_EQ(settle()->error->kind, ErrorKind::retryable);
    EXPECT_FALSE(settle().has_value());
    EXPECT_FALSE(run(connector.settle(account(), to("+15005550007"))).has_value());
}

TEST_F(SandboxTest, wrong_settings_are_named)
{
    struct Row {
        char const* settings;
        char const* field;
    };
    static constexpr Row rows[] = {
        {R"({"delays_ms":{"sent":-1}})", "settings.delays_ms.sent"},
        {R"({"delays_ms":{"sent":"1"}})", "settings.delays_ms.sent"},
        {R"({"delays_ms":7})", "settings.delays_ms"},
        {R"({"network_url":"ftp://x"})", "settings.network_url"},
        {R"({"network_url":7})", "settings.network_url"},
        {R"({"nonsense":1})", "settings.nonsense"},
    };
    for (auto const& row : rows) {
        auto const errors = connector.validate(row.settings, "{}");

        ASSERT_EQ(errors.size(), 1U) << row.settings;
        EXPECT_EQ(errors[0].field, row.field) << row.settings;
    }
    EXPECT_TRUE(connector.validate("{}", "{}").empty());
    EXPECT_EQ(connector.validate("{}", R"({"a":1})").at(0).field, "credentials");

    net::AddressGuard const closed{false};
    net::HttpClient const strict{closed};
    SandboxConnector const guarded{strict, clock};
    EXPECT_TRUE(guarded.validate(R"({"network_url":"http://127.0.0.1:3000"})", "{}").at(0).blocked);
}

}
