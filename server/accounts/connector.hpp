#pragma once

#include "base/ids.hpp"
#include "base/reflect.hpp"
#include "base/schemas.hpp"
#include "base/task.hpp"
#include "base/text.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::accounts {

/// What went wrong with a send, as the send worker must act on it; also the message's `error.code`.
enum class ErrorKind {
    retryable, ///< try again with back-off
    pace, ///< the provider asks for less: the account waits, no attempt is consumed
    recipient, ///< this recipient cannot be reached; final
    content, ///< this content cannot be sent; final
    account_blocked, ///< the provider refuses the account; the account becomes banned
    auth, ///< the credentials do not work; the account needs action
    outcome_unknown, ///< it may have been sent; settled, never blindly repeated
};
BOOST_DESCRIBE_ENUM(
    ErrorKind, retryable, pace, recipient, content, account_blocked, auth, outcome_unknown)

struct SendError {
    ErrorKind kind;
    std::string reason; ///< for people; no secret, no content
    std::optional<std::string> provider_code;
    std::optional<std::chrono::milliseconds> retry_after; ///< of pace and retryable, where told
    /// Of retryable: the account itself is well, so its circuit does not count it.
    bool about_recipient = false;
};

/// A configured account as its connector sees it, credentials opened. Never logged.
struct AccountView {
    WorkspaceId workspace;
    AccountId id;
    std::string address; ///< what it sends from: a phone number, a mailbox
    std::string name;
    std::string settings; ///< JSON object
    std::string credentials; ///< JSON object
    std::int64_t version = 0; ///< of its configuration
};

/// Who goes first where a connector has to choose.
enum class Urgency { otp, conversation, campaign };

/// One message on its way out. The same `message` (and so the same provider id, for connectors
/// that choose it themselves) on every try.
struct Outgoing {
    MessageId message;
    ConversationId conversation;
    std::string to; ///< the address: E.164, mailbox
    std::string to_name;
    std::string type; ///< `text`, …
    std::string content; ///< JSON object
    std::optional<std::string> subject;
    std::optional<std::string> earlier_subject; ///< the conversation's newest one before this
    /// Provider ids of earlier messages of the conversation, oldest first, at most 20: for
    /// threading.
    std::vector<std::string> references;
    std::optional<std::string> reply_to_provider_id;
    int attempt = 1;
    Urgency urgency = Urgency::conversation;
};

struct Sent {
    std::string provider_id;
};

enum class ReceiptStatus { sent, delivered, read, failed };
BOOST_DESCRIBE_ENUM(ReceiptStatus, sent, delivered, read, failed)

/// A receipt that is known to come, for a network that is simulated: kept as a job, so that it
/// comes after a restart too.
struct LaterReceipt {
    ReceiptStatus status;
    std::chrono::milliseconds after; ///< from now
};

struct SendResult {
    std::optional<Sent> sent; ///< else `error`
    std::optional<SendError> error;
    std::vector<LaterReceipt> later;
};

/// Something that came in. Unique on (account, provider_id, kind, status): repeats are dropped.
struct IncomingMessage {
    std::string provider_id;
    std::string from; ///< address
    std::optional<std::string> from_name;
    std::string type = "text";
    std::string content; ///< JSON object
    std::optional<std::string> subject;
    std::optional<std::string> reply_to_provider_id;
    std::optional<Timestamp> at;
};

struct IncomingReceipt {
    std::string provider_id; ///< of the message it is about
    ReceiptStatus status;
    std::optional<SendError> error; ///< with failed
    std::optional<Timestamp> at;
};

/// What the connector tells of its account.
struct StateChange {
    std::string state; ///< one of accounts::State's names
    std::string reason;
    std::optional<std::string> action; ///< with action_needed: qr, code, credentials
};

/// Where connectors hand in what they receive: ordinary use cases, each durable when it returns.
class Inbox {
public:
    virtual ~Inbox() = default;
    virtual Task<MessageId> receive(
        WorkspaceId workspace, AccountId account, IncomingMessage message) = 0;
    virtual Task<void> receive(
        WorkspaceId workspace, AccountId account, IncomingReceipt receipt) = 0;
    virtual Task<void> report(WorkspaceId workspace, AccountId account, StateChange change) = 0;
};

/// What a connector can do, as data: shown by GET /accounts/{id}/capabilities and asked by sends.
struct Capabilities {
    std::string connector;
    std::vector<std::string> address_kinds; ///< `phone`, `email`
    std::vector<std::string> message_types; ///< `text`, …
    std::int64_t max_text_length = 4096; ///< code points
    bool subject = false;
    bool inbound = false;
    bool delivered_receipts = false;
    bool read_receipts = false;
    /// One provider id for all tries of a message: a try whose outcome is unknown may be repeated
    /// after a crash, the network or the receiver drops the double.
    bool stable_provider_id = false;
    std::int64_t unknown_outcome_timeout_s = 86400; ///< then the message is failed
};
BOOST_DESCRIBE_STRUCT(Capabilities, (),
    (connector, address_kinds, message_types, max_text_length, subject, inbound, delivered_receipts,
        read_receipts, stable_provider_id, unknown_outcome_timeout_s))
FieldTexts field_texts(Capabilities const*);

/// A wrong field of `settings` or `credentials`, found before an account is stored.
struct ConfigurationError {
    std::string field; ///< `settings.network_url`, `credentials.username`
    std::string message;
    bool blocked = false; ///< an address that may not be reached
};

struct ProviderRequest {
    std::string method;
    std::string path; ///< after /providers/{connector}/{account_id}
    std::vector<std::pair<std::string, std::string>> query;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
};

struct ProviderReply {
    int status = 200;
    std::string content_type = "text/plain";
    std::string body;
};

enum class Health { good, degraded, unreachable };
BOOST_DESCRIBE_ENUM(Health, good, degraded, unreachable)

/// Code that speaks to one kind of network. One object per kind and process; everything of an
/// account comes with the call. Methods run on the main io thread and may suspend; none keeps a
/// reference to its arguments after it returned.
class Connector {
public:
    virtual ~Connector() = default;
    virtual std::string_view name() const = 0;
    virtual Capabilities const& capabilities() const = 0;

    /// Checks what a user typed; an empty list is good.
    virtual std::vector<ConfigurationError> validate(
        std::string_view settings, std::string_view credentials) const = 0;
    /// The account's own address from its settings and credentials, where it follows from them.
    virtual std::optional<std::string> address_of(
        std::string_view settings, std::string_view credentials) const = 0;

    /// It cannot send without an address of its own.
    virtual bool needs_address() const { return false; }
    /// Nothing has to be done before the first send: a new account is connected at once.
    virtual bool starts_at_once() const { return false; }
    /// Each send connects by itself, so an account may send while it is still connecting.
    virtual bool sends_while_connecting() const { return starts_at_once(); }
    /// Makes the account ready; returns its new state.
    virtual Task<StateChange> start(AccountView const& account) = 0;
    virtual Task<void> stop(AccountId account) = 0;
    /// One try. Never throws for what the network does: every outcome is a SendResult. An exception
    /// counts as outcome_unknown.
    virtual Task<SendResult> send(AccountView const& account, Outgoing const& message) = 0;
    /// What became of a send whose outcome is unknown; nothing while it cannot be told yet.
    virtual Task<std::optional<SendResult>> settle(
        AccountView const& account, Outgoing const& message) = 0;
    virtual Task<ProviderReply> handle_webhook(
        AccountView const& account, ProviderRequest const& request) = 0;
    virtual Task<Health> health(AccountView const& account) = 0;
    /// How long an unknown outcome of this account may stay unsettled.
    virtual std::chrono::seconds unknown_outcome_timeout(AccountView const&) const
    {
        return std::chrono::seconds{capabilities().unknown_outcome_timeout_s};
    }
};

/// The connectors of this process, by name.
class Connectors {
public:
    void add(Connector& connector) { by_name_.emplace(connector.name(), &connector); }
    Connector* find(std::string_view name) const
    {
        auto const found = by_name_.find(name);
        return found == by_name_.end() ? nullptr : found->second;
    }
    std::map<std::string_view, Connector*> const& all() const { return by_name_; }

private:
    std::map<std::string_view, Connector*> by_name_;
};

}
