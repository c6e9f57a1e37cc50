#pragma once

#include "base/ids.hpp"
#include "base/reflect.hpp"
#include "base/task.hpp"
#include "net/address_guard.hpp"
#include "net/smtp_message.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace hermod::net {

enum class StartTls { required, optional, never };
BOOST_DESCRIBE_ENUM(StartTls, required, optional, never)

struct SmtpServer {
    VettedUrl url; ///< smtp or smtps
    std::string username{}; ///< empty: no AUTH
    std::string password{};
    StartTls starttls = StartTls::required; ///< of smtp alone
    std::string ca_file{}; ///< PEM; empty: the system's
    std::string ehlo_name{}; ///< empty: this machine's name
    std::chrono::milliseconds connect_timeout{15'000};
    std::chrono::milliseconds total_timeout{60'000};
};

/// How far the dialogue came.
enum class SmtpPhase {
    connect, ///< up to and with TLS
    greeting, ///< banner, EHLO, STARTTLS
    auth,
    mail_from,
    recipient,
    data, ///< the DATA command and the text, its end not yet sent
    after_data, ///< the end of the text was sent
};
BOOST_DESCRIBE_ENUM(SmtpPhase, connect, greeting, auth, mail_from, recipient, data, after_data)

enum class SmtpResult {
    sent, ///< 250 after the text
    refused, ///< the server said no: see phase and code
    failed, ///< no connection, no TLS, lost or late before the text's end was sent: not sent
    unknown, ///< lost or late after it
    blocked_address, ///< the guard said no
};
BOOST_DESCRIBE_ENUM(SmtpResult, sent, refused, failed, unknown, blocked_address)

struct SmtpOutcome {
    SmtpResult result = SmtpResult::failed;
    SmtpPhase phase = SmtpPhase::connect;
    int code = 0; ///< the last reply's, 0 where there was none
    std::string enhanced_code{}; ///< `5.1.1`, where the server gave one
    std::string detail{}; ///< for people: the server's words, one printable line, or ours

    bool is_temporary() const { return code >= 400 && code < 500; }
    bool is_permanent() const { return code >= 500 && code < 600; }
};

enum class MailUrgency { otp, conversation, campaign, check };

/// For whom a dialogue is: who goes first, and how much of the threads may be taken.
struct MailTurn {
    WorkspaceId workspace;
    MailUrgency urgency = MailUrgency::conversation;
};

/// Hands one message to a mail server through libcurl. libcurl waits for the answer to the text
/// without giving way, so the dialogues run on threads of their own, never on an io thread: at most
/// `max_threads`, which servers and workspaces share as SmtpQueue says; the rest wait.
class SmtpClient {
public:
    static constexpr std::size_t max_threads = 64;

    explicit SmtpClient(AddressGuard const& guard);
    ~SmtpClient();
    SmtpClient(SmtpClient const&) = delete;
    SmtpClient& operator=(SmtpClient const&) = delete;

    /// Call from a coroutine of any io thread. Never throws for what the network does;
    /// cancellation throws operation_aborted, and what was under way may have been sent.
    Task<SmtpOutcome> send(SmtpServer server, MailMessage message, MailTurn turn);
    /// Connects, TLS and AUTH included, and sends nothing: `sent` where that works.
    /// The least urgent of all.
    Task<SmtpOutcome> check(SmtpServer server, WorkspaceId workspace);
    /// Cuts what is under way short and joins the threads. Before any io_context dies.
    void close();

    struct Dialogue;

private:
    struct State;
    Task<SmtpOutcome> run(MailTurn turn, std::shared_ptr<Dialogue> dialogue);

    std::shared_ptr<State> state_;
};

}
