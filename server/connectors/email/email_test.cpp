#include "connectors/email/email.hpp"
#include "net/scripted_peer_test.hpp"

#include <gtest/gtest.h>

#include <map>

namespace hermod::email {

using accounts::ErrorKind;
using net::SmtpOutcome;
using net::SmtpPhase;
using net::SmtpResult;

static accounts::AccountView account(
    std::string settings = "{}", std::string credentials = R"({"url":"smtp://mail.example"})")
{
    return {{}, {}, "shop@example.com", "Shop", std::move(settings), std::move(credentials)};
}

static accounts::Outgoing outgoing(std::string content = R"({"text":"Hello"})")
{
    return {.message = MessageId::make(Timestamp::from_s(1'800'000'000)),
        .conversation = {},
        .to = "ana@example.org",
        .to_name = "Ana",
        .type = "text",
        .content = std::move(content),
        .subject = "Hi",
        .earlier_subject = {},
        .references = {},
        .reply_to_provider_id = {}};
}

TEST(EmailMailTest, a_message_is_the_same_mail_on_every_try)
{
    auto message = outgoing();
    auto const first = net::to_mime(to_mail(account(), {}, message));
    message.attempt = 2;

    EXPECT_EQ(net::to_mime(to_mail(account(), {}, message)), first);
    EXPECT_NE(first.find("Message-ID: <" + message.message.str() + "@example.com>\r\n"),
        std::string::npos);
    EXPECT_NE(first.find("Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"), std::string::npos) << first;
}

TEST(EmailMailTest, the_sender_is_the_settings_or_the_accounts)
{
    Settings settings;
    EXPECT_EQ(to_mail(account(), settings, outgoing()).from.address, "shop@example.com");

    settings.from = {"news@example.net"};
    settings.from_name = {"The Shop"};
    auto const mail = to_mail(account(), settings, outgoing());
    EXPECT_EQ(mail.from.address, "news@example.net");
    EXPECT_EQ(mail.from.name, "The Shop");
    EXPECT_TRUE(mail.message_id.ends_with("@example.net"));
}

TEST(EmailMailTest, replies_and_later_mails_name_the_earlier_ones)
{
    auto message = outgoing();
    EXPECT_FALSE(to_mail(account(), {}, message).in_reply_to.has_value());

    message.references = {"a@x", "b@x"};
    EXPECT_EQ(to_mail(account(), {}, message).in_reply_to, "b@x");
    EXPECT_EQ(to_mail(account(), {}, message).references, message.references);

    message.reply_to_provider_id = "a@x";
    EXPECT_EQ(to_mail(account(), {}, message).in_reply_to, "a@x");
}

TEST(EmailMailTest, html_goes_beside_the_text_and_what_is_no_text_is_refused)
{
    auto const mail = to_mail(account(), {}, outgoing(R"({"text":"a","html":"<b>a</b>"})"));
    EXPECT_EQ(mail.html, "<b>a</b>");

    EXPECT_THROW(to_mail(account(), {}, outgoing("{}")), Problem);
    auto location = outgoing(R"({"text":"a"})");
    location.type = "location";
    EXPECT_THROW(to_mail(account(), {}, location), Problem);
}

TEST(EmailMailTest, a_mail_without_a_subject_answers_the_last_one_or_says_whose_it_is)
{
    auto message = outgoing();
    message.subject.reset();

    EXPECT_EQ(to_mail(account(), {}, message).subject, "Message from shop@example.com");

    message.earlier_subject = "Your order";
    EXPECT_EQ(to_mail(account(), {}, message).subject, "Re: Your order");

    message.earlier_subject = "RE: Your order";
    EXPECT_EQ(to_mail(account(), {}, message).subject, "RE: Your order");
}

TEST(EmailErrorTest, what_the_server_said_tells_what_to_do)
{
    struct Row {
        SmtpPhase phase;
        int code;
        char const* enhanced;
        ErrorKind kind;
        bool about_recipient;
    };
    static constexpr Row rows[] = {
        {SmtpPhase::greeting, 421, "", ErrorKind::retryable, false},
        {SmtpPhase::greeting, 421, "4.7.0", ErrorKind::pace, false},
        {SmtpPhase::greeting, 554, "5.7.1", ErrorKind::retryable, false},
        {SmtpPhase::auth, 535, "5.7.8", ErrorKind::auth, false},
        {SmtpPhase::auth, 534, "", ErrorKind::auth, false},
        {SmtpPhase::auth, 454, "4.7.0", ErrorKind::retryable, false},
        {SmtpPhase::auth, 0, "", ErrorKind::auth, false},
        {SmtpPhase::mail_from, 530, "5.7.0", ErrorKind::auth, false},
        {SmtpPhase::mail_from, 553, "5.7.1", ErrorKind::auth, false},
        {SmtpPhase::mail_from, 552, "", ErrorKind::content, false},
        {SmtpPhase::mail_from, 550, "5.3.4", ErrorKind::content, false},
        {SmtpPhase::mail_from, 451, "4.3.0", ErrorKind::retryable, false},
        {SmtpPhase::recipient, 550, "5.1.1", ErrorKind::recipient, false},
        {SmtpPhase::recipient, 553, "", ErrorKind::recipient, false},
        {SmtpPhase::recipient, 530, "5.7.0", ErrorKind::auth, false},
        {SmtpPhase::recipient, 450, "4.2.1", ErrorKind::retryable, true},
        {SmtpPhase::recipient, 421, "4.7.28", ErrorKind::pace, false},
        {SmtpPhase::data, 554, "", ErrorKind::content, false},
        {SmtpPhase::data, 452, "4.3.1", ErrorKind::retryable, true},
        {SmtpPhase::after_data, 554, "5.7.1", ErrorKind::content, false},
        {SmtpPhase::after_data, 451, "4.7.1", ErrorKind::retryable, true},
    };
    for (auto const& row : rows) {
        auto const error = to_send_error({.result = SmtpResult::refused,
            .phase = row.phase,
            .code = row.code,
            .enhanced_code = row.enhanced,
            .detail = "said no"});

        ASSERT_TRUE(error.has_value());
        EXPECT_EQ(error->kind, row.kind) << to_name(row.phase) << ' ' << row.code;
        EXPECT_EQ(error->about_recipient, row.about_recipient)
            << to_name(row.phase) << ' ' << row.code;
        EXPECT_EQ(error->reason, "said no");
    }
}

TEST(EmailErrorTest, what_ended_without_an_answer_tells_whether_it_may_have_been_sent)
{
    EXPECT_FALSE(to_send_error({.result = SmtpResult::sent}).has_value());
    EXPECT_EQ(to_send_error({.result = SmtpResult::failed})->kind, ErrorKind::retryable);
    EXPECT_EQ(to_send_error({.result = SmtpResult::blocked_address})->kind, ErrorKind::retryable);
    EXPECT_EQ(to_send_error({.result = SmtpResult::unknown})->kind, ErrorKind::outcome_unknown);
}

class EmailTest : public testing::Test {
protected:
    template <class T>
    T run(Task<T> task)
    {
        std::optional<T> value;
        run_blocking(io, [&]() -> Task<void> { value.emplace(co_await std::move(task)); });
        return *std::move(value);
    }
    accounts::AccountView over(net::ScriptedPeer const& server)
    {
        return account(R"({"starttls":"never"})",
            R"({"url":"smtp://127.0.0.1:)" + std::to_string(server.port())
                + R"(","username":"shop","password":"secret"})");
    }

    asio::io_context io{1};
    net::AddressGuard guard{true};
    net::SmtpClient smtp{guard};
    EmailConnector connector{smtp, guard};
};

/// A mail server that answers each command with what its first word is mapped to.
static net::ScriptedPeer::Script server_saying(std::map<std::string, std::string> answers)
{
    return [answers = std::move(answers)](net::PeerConnection& connection) {
        connection.write("220 ready\r\n");
        for (;;) {
            auto const verb = connection.read_line().substr(0, 4);
            auto const found = answers.find(verb);
            if (verb == "EHLO")
                connection.write("250-hello\r\n250 AUTH PLAIN\r\n");
            else if (verb == "AUTH" && found == answers.end())
                connection.write("334 \r\n"), connection.read_line(),
                    connection.write("235 ok\r\n");
            else if (verb == "DATA" && found == answers.end())
                connection.write("354 go\r\n"), connection.read_until("\r\n.\r\n"),
                    connection.write("250 ok\r\n");
            else
                connection.write((found == answers.end() ? "250 ok" : found->second) + "\r\n");
        }
    };
}

TEST_F(EmailTest, sends_and_tells_the_message_id)
{
    net::ScriptedPeer server{server_saying({})};
    auto const message = outgoing();

    auto const result = run(connector.send(over(server), message));

    ASSERT_TRUE(result.sent.has_value()) << result.error->reason;
    EXPECT_EQ(result.sent->provider_id, message.message.str() + "@example.com");
}

TEST_F(EmailTest, a_refused_recipient_is_final_with_the_servers_code)
{
    net::ScriptedPeer server{server_saying({{"RCPT", "550 5.1.1 no such user"}})};

    auto const result = run(connector.send(over(server), outgoing()));

    ASSERT_TRUE(result.error.has_value());
    EXPECT_EQ(result.error->kind, ErrorKind::recipient);
    EXPECT_EQ(result.error->provider_code, "550 5.1.1");
}

TEST_F(EmailTest, starting_tells_the_accounts_state)
{
    net::ScriptedPeer good{server_saying({})};
    net::ScriptedPeer strict{server_saying({{"AUTH", "535 5.7.8 wrong"}})};

    EXPECT_EQ(run(connector.start(over(good))).state, "connected");
    auto const refused = run(connector.start(over(strict)));
    EXPECT_EQ(refused.state, "action_needed");
    EXPECT_EQ(refused.action, "credentials");

    net::AddressGuard const closed{false};
    net::SmtpClient guarded_smtp{closed};
    EmailConnector guarded{guarded_smtp, closed};
    EXPECT_EQ(run(guarded.start(over(good))).state, "failed");
    auto unsecured = over(good);
    unsecured.settings = "{}"; // STARTTLS is required, and not offered
    auto const plain = run(connector.start(unsecured));
    EXPECT_EQ(plain.state, "action_needed");
    EXPECT_TRUE(plain.reason.contains("settings.starttls")) << plain.reason;
    EXPECT_EQ(run(connector.health(over(good))), accounts::Health::good);
}

TEST_F(EmailTest, wrong_configuration_is_named)
{
    struct Row {
        char const* settings;
        char const* credentials;
        char const* field;
    };
    static constexpr auto good = R"({"url":"smtp://mail.example"})";
    static constexpr Row rows[] = {
        {"{}", "{}", "credentials.url"},
        {"{}", R"({"url":7})", "credentials.url"},
        {"{}", R"({"url":"http://mail.example"})", "credentials.url"},
        {"{}", R"({"url":"smtp://"})", "credentials.url"},
        {"{}", R"({"url":"smtp://mail.example:99999"})", "credentials.url"},
        {"{}", R"({"url":"smtp://u:p@mail.example"})", "credentials.url"},
        {"{}", R"({"url":"smtp://mail.example","username":7})", "credentials.username"},
        {"{}", R"({"url":"smtp://mail.example","username":"a"})", "credentials.password"},
        {"{}", R"({"url":"smtp://mail.example","password":"a"})", "credentials.username"},
        {"{}", R"({"url":"smtp://mail.example","username":"a\nb","password":"c"})",
            "credentials.username"},
        {"{}", R"({"url":"smtp://mail.example","nonsense":1})", "credentials.nonsense"},
        {R"({"from":"nobody"})", good, "settings.from"},
        {R"({"from":"a@b\r\nBcc: c@d"})", good, "settings.from"},
        {R"({"starttls":"maybe"})", good, "settings.starttls"},
        {R"({"ca_file":"/etc/passwd"})", good, "settings.ca_file"},
    };
    for (auto const& row : rows) {
        auto const errors = connector.validate(row.settings, row.credentials);

        ASSERT_EQ(errors.size(), 1U) << row.settings << row.credentials;
        EXPECT_EQ(errors[0].field, row.field) << errors[0].message;
        EXPECT_FALSE(errors[0].blocked);
    }
    EXPECT_TRUE(connector.validate("{}", good).empty());
    EXPECT_TRUE(
        connector.validate(R"({"from":"a@b.example","starttls":"optional"})", good).empty());

    net::AddressGuard const closed{false};
    EmailConnector const guarded{smtp, closed};
    EXPECT_TRUE(guarded.validate("{}", R"({"url":"smtp://127.1:2525"})").at(0).blocked);
}

}
