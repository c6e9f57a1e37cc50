#include "net/scripted_peer_test.hpp"
#include "net/smtp.hpp"
#include "net/smtp_dialogue.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

#include <latch>
#include <list>

namespace hermod::net {

/// What a mail server answers at each step; an empty answer closes the connection there.
struct MailScript {
    std::string greeting = "220 mail.example ready";
    std::string ehlo = "250-mail.example\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 10000000";
    std::string auth = "235 2.7.0 welcome";
    std::string mail = "250 2.1.0 ok";
    std::string rcpt = "250 2.1.5 ok";
    std::string data = "354 go on";
    std::string after_data = "250 2.0.0 queued as 42";
    std::string quit = "221 bye";
    bool starttls = false;
    bool implicit_tls = false;
    bool silent_after_data = false;
    TestCertificate const* certificate = nullptr;

    mutable std::mutex mutex;
    mutable std::vector<std::string> commands;
    mutable std::string text;

    void play(PeerConnection& connection) const
    {
        if (implicit_tls)
            connection.start_tls(*certificate);
        say(connection, greeting);
        for (;;) {
            auto const line = connection.read_line();
            {
                std::lock_guard const lock{mutex};
                commands.push_back(line);
            }
            answer(connection, line.substr(0, 4), line);
        }
    }
    std::vector<std::string> seen() const
    {
        std::lock_guard const lock{mutex};
        return commands;
    }

private:
    static void say(PeerConnection& connection, std::string const& reply)
    {
        if (reply.empty())
            throw PeerConnection::Closed{};
        connection.write(reply + "\r\n");
    }
    void answer(PeerConnection& connection, std::string const& verb, std::string const& line) const
    {
        if (verb == "EHLO") {
            say(connection, starttls ? "250-STARTTLS\r\n" + ehlo : ehlo);
        } else if (verb == "STAR") {
            say(connection, "220 go ahead");
            connection.start_tls(*certificate);
        } else if (verb == "AUTH") {
            auto const has_response = line.find(' ', 5) != std::string::npos;
            if (!has_response) {
                say(connection, "334 ");
                connection.read_line();
            }
            say(connection, auth);
        } else if (verb == "MAIL") {
            say(connection, mail);
        } else if (verb == "RCPT") {
            say(connection, rcpt);
        } else if (verb == "DATA") {
            say(connection, data);
            if (!data.starts_with('3'))
                return;
            auto const all = connection.read_until("\r\n.\r\n");
            {
                std::lock_guard const lock{mutex};
                text = all;
            }
            if (silent_after_data)
                connection.wait_closed();
            say(connection, after_data);
        } else if (verb == "QUIT") {
            say(connection, quit);
        } else {
            say(connection, "502 what?");
        }
    }
};

class SmtpTest : public testing::Test {
protected:
    SmtpTest() : peer{[this](PeerConnection& connection) { script.play(connection); }} { }

    SmtpServer server(std::string const& scheme = "smtp")
    {
        auto const url = scheme + "://127.0.0.1:" + std::to_string(peer.port());
        return {.url = *guard.vet(url, {UrlRules::Kind::smtp, false}),
            .starttls = StartTls::never,
            .ehlo_name = "hermod.example"};
    }
    static MailMessage message()
    {
        return {.from = {"shop@example.com", "Shop"},
            .to = {"ana@example.org"},
            .subject = "Hi",
            .message_id = "msg_1@example.com",
            .date = Timestamp::from_s(1'800'000'000),
            .text = "Hello\n.hidden dot\n"};
    }
    SmtpOutcome send(SmtpServer const& to, MailTurn const& turn = {})
    {
        return wait(client.send(to, message(), turn));
    }
    SmtpOutcome send() { return send(server()); }
    SmtpOutcome wait(Task<SmtpOutcome> task)
    {
        std::optional<SmtpOutcome> outcome;
        run_blocking(io, [&]() -> Task<void> { outcome = co_await std::move(task); });
        return *std::move(outcome);
    }

    MailScript script;
    ScriptedPeer peer;
    asio::io_context io{1};
    AddressGuard guard{true};
    SmtpClient client{guard};
};

TEST_F(SmtpTest, hands_a_message_over)
{
    auto const outcome = send();

    EXPECT_EQ(outcome.result, SmtpResult::sent) << outcome.detail;
    EXPECT_EQ(outcome.code, 250);
    EXPECT_EQ(outcome.enhanced_code, "2.0.0");
    auto const seen = script.seen();
    ASSERT_GE(seen.size(), 4U);
    EXPECT_EQ(seen[0], "EHLO hermod.example");
    EXPECT_TRUE(seen[1].starts_with("MAIL FROM:<shop@example.com>")) << seen[1];
    EXPECT_EQ(seen[2], "RCPT TO:<ana@example.org>");
    auto mime = to_mime(message());
    EXPECT_EQ(script.text, mime + ".\r\n");
}

TEST_F(SmtpTest, signs_in_over_starttls)
{
    TestCertificate const certificate;
    script.certificate = &certificate;
    script.starttls = true;
    auto to = server();
    to.starttls = StartTls::required;
    to.ca_file = certificate.ca_file();
    to.username = "shop";
    to.password = "secret";

    auto const outcome = send(to);

    EXPECT_EQ(outcome.result, SmtpResult::sent) << outcome.detail;
    auto const seen = script.seen();
    EXPECT_EQ(seen[1], "STARTTLS");
    EXPECT_TRUE(seen[3].starts_with("AUTH PLAIN")) << seen[3];
}

TEST_F(SmtpTest, speaks_implicit_tls)
{
    TestCertificate const certificate;
    script.certificate = &certificate;
    script.implicit_tls = true;
    auto to = server("smtps");
    to.ca_file = certificate.ca_file();

    EXPECT_EQ(send(to).result, SmtpResult::sent);
}

TEST_F(SmtpTest, sends_nothing_where_starttls_is_required_and_not_offered)
{
    auto to = server();
    to.starttls = StartTls::required;
    to.username = "shop";
    to.password = "secret";

    auto const outcome = send(to);

    // As a sign-in that is refused: no other try would end otherwise.
    EXPECT_EQ(outcome.result, SmtpResult::refused);
    EXPECT_EQ(outcome.phase, SmtpPhase::auth);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.detail,
        "the mail server " + to.url.authority()
            + " does not offer STARTTLS, which settings.starttls requires");
    for (auto const& command : script.seen())
        EXPECT_FALSE(command.starts_with("AUTH")) << command;
}

TEST_F(SmtpTest, does_not_trust_an_unknown_certificate)
{
    TestCertificate const certificate;
    script.certificate = &certificate;
    script.starttls = true;
    auto to = server();
    to.starttls = StartTls::required;

    auto const outcome = send(to);

    EXPECT_EQ(outcome.result, SmtpResult::failed);
    EXPECT_EQ(outcome.phase, SmtpPhase::greeting);
}

TEST_F(SmtpTest, tells_what_was_refused_and_where)
{
    struct Row {
        std::string MailScript::* step;
        char const* answer;
        SmtpPhase phase;
        int code;
        char const* enhanced;
    };
    static constexpr Row rows[] = {
        {&MailScript::greeting, "554 5.7.1 not you", SmtpPhase::greeting, 554, "5.7.1"},
        {&MailScript::greeting, "421 too busy", SmtpPhase::greeting, 421, ""},
        {&MailScript::auth, "535 5.7.8 wrong", SmtpPhase::auth, 535, "5.7.8"},
        {&MailScript::auth, "454 4.7.0 later", SmtpPhase::auth, 454, "4.7.0"},
        {&MailScript::mail, "530 5.7.0 sign in first", SmtpPhase::mail_from, 530, "5.7.0"},
        {&MailScript::mail, "451 4.3.0 later", SmtpPhase::mail_from, 451, "4.3.0"},
        {&MailScript::rcpt, "550 5.1.1 no such user", SmtpPhase::recipient, 550, "5.1.1"},
        {&MailScript::rcpt, "450 4.2.1 greylisted", SmtpPhase::recipient, 450, "4.2.1"},
        {&MailScript::rcpt, "550-5.1.1 no such\r\n550 5.1.1 user", SmtpPhase::recipient, 550,
            "5.1.1"},
        {&MailScript::data, "554 no valid recipients", SmtpPhase::data, 554, ""},
        {&MailScript::data, "452 4.3.1 full", SmtpPhase::data, 452, "4.3.1"},
        {&MailScript::after_data, "554 5.7.1 spam", SmtpPhase::after_data, 554, "5.7.1"},
        {&MailScript::after_data, "451 4.7.1 try again", SmtpPhase::after_data, 451, "4.7.1"},
        {&MailScript::after_data, "552-5.3.4 too\r\n552 5.3.4 big", SmtpPhase::after_data, 552,
            "5.3.4"},
    };
    for (auto const& row : rows) {
        MailScript refusing;
        refusing.*row.step = row.answer;
        ScriptedPeer server_peer{[&](PeerConnection& connection) { refusing.play(connection); }};
        auto to = server();
        to.url.port = server_peer.port();
        to.username = "shop";
        to.password = "secret";

        auto const outcome = send(to);

        EXPECT_EQ(outcome.result, SmtpResult::refused) << row.answer << ": " << outcome.detail;
        EXPECT_EQ(outcome.phase, row.phase) << row.answer;
        EXPECT_EQ(outcome.code, row.code) << row.answer;
        EXPECT_EQ(outcome.enhanced_code, row.enhanced) << row.answer;
    }
}

TEST_F(SmtpTest, a_server_that_cannot_be_reached_is_named_with_the_cause)
{
    auto closed = server();
    {
        ScriptedPeer gone{[](PeerConnection&) { }};
        closed.url.port = gone.port();
    }
    auto const refused = send(closed);
    EXPECT_EQ(refused.result, SmtpResult::failed);
    EXPECT_EQ(refused.detail,
        "the mail server " + closed.url.authority() + " cannot be reached: Connection refused");

    auto nowhere = server();
    nowhere.url.host = "mail.invalid";
    EXPECT_TRUE(send(nowhere).detail.contains("resolve host")) << send(nowhere).detail;
}

TEST_F(SmtpTest, a_connection_lost_before_the_texts_end_did_not_send)
{
    struct Row {
        std::string MailScript::* step;
        SmtpPhase phase;
    };
    static constexpr Row rows[] = {
        {&MailScript::greeting, SmtpPhase::connect},
        {&MailScript::ehlo, SmtpPhase::greeting},
        {&MailScript::mail, SmtpPhase::mail_from},
        {&MailScript::rcpt, SmtpPhase::recipient},
        {&MailScript::data, SmtpPhase::data},
    };
    for (auto const& row : rows) {
        MailScript dropping;
        (dropping.*row.step).clear();
        ScriptedPeer server_peer{[&](PeerConnection& connection) { dropping.play(connection); }};
        auto to = server();
        to.url.port = server_peer.port();

        auto const outcome = send(to);

        EXPECT_EQ(outcome.result, SmtpResult::failed) << to_name(row.phase) << outcome.detail;
        EXPECT_EQ(outcome.phase, row.phase) << to_name(outcome.phase);
    }
}

TEST_F(SmtpTest, a_connection_lost_after_the_texts_end_is_unknown)
{
    script.after_data.clear();

    auto const outcome = send();

    EXPECT_EQ(outcome.result, SmtpResult::unknown);
    EXPECT_EQ(outcome.phase, SmtpPhase::after_data);
    EXPECT_EQ(peer.connections(), 1);
}

TEST_F(SmtpTest, a_server_that_is_silent_after_the_text_is_unknown)
{
    script.silent_after_data = true;
    auto to = server();
    to.total_timeout = std::chrono::milliseconds{1000};

    auto const outcome = send(to);

    EXPECT_EQ(outcome.result, SmtpResult::unknown);
    EXPECT_NE(outcome.detail.find("in time"), std::string::npos) << outcome.detail;
}

TEST_F(SmtpTest, half_a_reply_after_the_text_is_unknown)
{
    MailScript half;
    half.after_data = "250-2.0.0 queued"; // more was to come
    half.silent_after_data = false;
    ScriptedPeer server_peer{[&](PeerConnection& connection) {
        try {
            half.play(connection);
        } catch (PeerConnection::Closed const&) {
        }
    }};
    auto to = server();
    to.url.port = server_peer.port();
    to.total_timeout = std::chrono::milliseconds{1000};

    EXPECT_EQ(send(to).result, SmtpResult::unknown);
}

TEST_F(SmtpTest, what_comes_after_the_answer_changes_nothing)
{
    script.quit.clear();

    EXPECT_EQ(send().result, SmtpResult::sent);
}

TEST_F(SmtpTest, private_networks_are_blocked)
{
    AddressGuard const closed{false};
    SmtpClient strict{closed};

    auto const outcome = wait(strict.send(server(), message(), {}));

    EXPECT_EQ(outcome.result, SmtpResult::blocked_address);
    EXPECT_EQ(peer.connections(), 0);
}

TEST_F(SmtpTest, a_check_signs_in_and_sends_nothing)
{
    auto to = server();
    to.username = "shop";
    to.password = "secret";

    auto const good = wait(client.check(to, {}));
    script.auth = "535 5.7.8 wrong";
    auto const bad = wait(client.check(to, {}));

    EXPECT_EQ(good.result, SmtpResult::sent) << good.detail;
    EXPECT_EQ(bad.result, SmtpResult::refused);
    EXPECT_EQ(bad.phase, SmtpPhase::auth);
    for (auto const& command : script.seen())
        EXPECT_FALSE(command.starts_with("MAIL")) << command;
}

TEST_F(SmtpTest, an_address_that_would_break_out_is_refused_before_connecting)
{
    auto evil = message();
    evil.to.address = "a@b>\r\nRCPT TO:<evil@example.com";

    auto const outcome = wait(client.send(server(), evil, {}));

    EXPECT_EQ(outcome.result, SmtpResult::refused);
    EXPECT_EQ(outcome.phase, SmtpPhase::recipient);
    EXPECT_EQ(peer.connections(), 0);
}

TEST_F(SmtpTest, an_answer_to_a_challenge_is_not_taken_for_a_command)
{
    SmtpScript dialogue;
    dialogue.server_says("220 ready");
    dialogue.client_says("AUTH LOGIN\r\n");
    dialogue.server_says("334 VXNlcm5hbWU6");
    dialogue.client_says("DATA\r\n");

    EXPECT_EQ(dialogue.phase(), SmtpPhase::auth);
}

TEST_F(SmtpTest, a_slow_server_does_not_hold_up_another)
{
    std::latch arrived{6};
    ScriptedPeer slow{[&](PeerConnection& connection) {
        arrived.count_down();
        connection.wait_closed();
    }};
    IoThreads threads{1};
    Tasks tasks;
    threads.start();
    auto to = server();
    to.url.port = slow.port();
    for (int i = 0; i < 20; ++i) // six of them run, the rest wait
        tasks.spawn(threads.main(), "slow",
            [&, to]() -> Task<void> { co_await client.send(to, message(), {}); });
    arrived.wait();

    EXPECT_EQ(send().result, SmtpResult::sent);
    EXPECT_EQ(slow.connections(), 6);

    tasks.stop();
    client.close();
}

TEST_F(SmtpTest, many_slow_servers_of_one_workspace_do_not_hold_up_another)
{
    std::latch arrived{12};
    std::atomic<int> count = 0;
    auto const hold = [&](PeerConnection& connection) {
        if (++count <= 12)
            arrived.count_down();
        connection.wait_closed();
    };
    std::list<ScriptedPeer> slow;
    for (int i = 0; i < 4; ++i)
        slow.emplace_back(hold);
    IoThreads threads{1};
    Tasks tasks;
    threads.start();
    MailTurn const campaign{WorkspaceId::make(Timestamp::from_s(1)), MailUrgency::campaign};
    for (int i = 0; i < 16; ++i)
        for (auto const& peer_of_theirs : slow) {
            auto to = server();
            to.url.port = peer_of_theirs.port();
            tasks.spawn(threads.main(), "slow",
                [&, to]() -> Task<void> { co_await client.send(to, message(), campaign); });
        }
    arrived.wait();

    MailTurn const code{WorkspaceId::make(Timestamp::from_s(1)), MailUrgency::otp};
    EXPECT_EQ(send(server(), code).result, SmtpResult::sent);
    EXPECT_EQ(count, 12);

    tasks.stop();
    client.close();
}

TEST_F(SmtpTest, closing_ends_what_is_under_way)
{
    std::latch arrived{1};
    ScriptedPeer slow{[&](PeerConnection& connection) {
        arrived.count_down();
        connection.wait_closed();
    }};
    IoThreads threads{1};
    Tasks tasks;
    threads.start();
    auto to = server();
    to.url.port = slow.port();
    std::latch ended{1};
    SmtpOutcome outcome;
    tasks.spawn(threads.main(), "slow", [&, to]() -> Task<void> {
        outcome = co_await client.send(to, message(), {});
        ended.count_down();
    });
    arrived.wait();

    client.close();
    ended.wait();
    tasks.stop();

    EXPECT_EQ(outcome.result, SmtpResult::failed);
    EXPECT_EQ(send().result, SmtpResult::failed);
}

}
