#include "connectors/sandbox/sandbox.hpp"

#include "base/sleep.hpp"

#include <array>

namespace hermod::sandbox {

using accounts::ErrorKind;
using accounts::ReceiptStatus;
using accounts::SendError;
using accounts::SendResult;

SandboxConnector::SandboxConnector(net::HttpClient const& http, Clock& clock)
    : http_(http)
    , clock_(clock)
    , capabilities_{
          .connector = "sandbox",
          .address_kinds = {"phone", "email", "whatsapp"},
          .message_types = {"text", "location", "contacts"},
          .max_text_length = 65536,
          .subject = true,
          .inbound = true,
          .delivered_receipts = true,
          .read_receipts = true,
          // The message's id is the provider's, and the network drops an id it has seen.
          .stable_provider_id = true,
          .unknown_outcome_timeout_s = 3600,
      }
{
}

std::vector<accounts::ConfigurationError> SandboxConnector::validate(
    std::string_view settings, std::string_view credentials) const
{
    std::vector<accounts::ConfigurationError> errors;
    auto const read = read_json<Settings>(settings);
    if (!read) {
        for (auto const& field : read.error().fields)
            errors.push_back(
                {"settings" + (field.field.empty() ? "" : '.' + field.field), field.message});
    } else if (read->network_url) {
        auto const vetted = http_.guard().vet(read->network_url->value, {});
        if (!vetted)
            errors.push_back(
                {"settings.network_url", vetted.error().message, vetted.error().blocked});
    }
    auto const none = read_json<JsonObject<64>>(credentials);
    if (!none || none->text != "{}")
        errors.push_back({"credentials", "must be empty: the sandbox has none"});
    return errors;
}

std::optional<std::string> SandboxConnector::address_of(std::string_view, std::string_view) const
{
    return std::nullopt;
}

Task<accounts::StateChange> SandboxConnector::start(accounts::AccountView const&)
{
    co_return accounts::StateChange{"connected", {}, std::nullopt};
}

Task<void> SandboxConnector::stop(AccountId)
{
    co_return;
}

/// The digit of a magic number, else 0.
static int magic_of(std::string_view to)
{
    static constexpr std::string_view prefix = "+1500555000";
    if (!to.starts_with(prefix) || to.size() != prefix.size() + 1)
        return 0;
    auto const digit = to.back() - '0';
    return digit >= 1 && digit <= 8 ? digit : 0;
}

static std::optional<SendError> magic_error(int magic)
{
    static constexpr std::array kinds{ErrorKind::retryable, ErrorKind::pace, ErrorKind::recipient,
        ErrorKind::content, ErrorKind::account_blocked, ErrorKind::auth,
        ErrorKind::outcome_unknown};
    if (magic < 1 || magic > 7)
        return std::nullopt;
    auto const kind = kinds[static_cast<std::size_t>(magic - 1)];
    SendError error{kind, "the sandbox answers so to this number", std::to_string(magic), {}};
    if (kind == ErrorKind::pace)
        error.retry_after = milliseconds{5000};
    return error;
}

/// What the network's HTTP answer, or its absence, means.
static std::optional<SendError> error_of(net::HttpOutcome const& outcome, Timestamp now)
{
    if (!outcome) {
        if (outcome.error().may_have_arrived)
            return SendError{
                ErrorKind::outcome_unknown, "the network gave no answer", std::nullopt, {}};
        return SendError{ErrorKind::retryable, "the network cannot be reached", std::nullopt, {}};
    }
    auto const status = outcome->status;
    if (status >= 200 && status < 300)
        return std::nullopt;
    auto const code = std::to_string(status);
    if (status == 429)
        return SendError{ErrorKind::pace, "the network asks for less", code,
            net::parse_retry_after(outcome->header("retry-after"), now)};
    if (status == 404 || status == 410)
        return SendError{ErrorKind::recipient, "the network does not know the recipient", code, {}};
    if (status == 401 || status == 403)
        return SendError{ErrorKind::auth, "the network refuses the account", code, {}};
    // What the network could not do yet is not the message's fault.
    if (status >= 400 && status < 500 && status != 408 && status != 425)
        return SendError{ErrorKind::content, "the network refuses the message", code, {}};
    return SendError{ErrorKind::retryable, "the network failed", code, {}};
}

Task<std::optional<SendError>> SandboxConnector::post(
    std::string url, accounts::AccountView const& account, accounts::Outgoing const& message)
{
    std::string body = "{\"id\":" + to_json(message.message);
    body += ",\"from\":" + to_json(account.address) + ",\"to\":" + to_json(message.to);
    body += ",\"type\":" + to_json(message.type) + ",\"content\":" + message.content + '}';
    net::HttpRequest request{.method = "POST",
        .url = std::move(url),
        .headers = {{"Content-Type", "application/json"}},
        .body = std::move(body)};
    request.total_timeout = std::chrono::seconds{10};
    auto const outcome = co_await http_.request(std::move(request));
    co_return error_of(outcome, clock_.now());
}

static SendResult sent_result(Delays const& delays, std::string_view to, MessageId const& id)
{
    SendResult result{accounts::Sent{id.str()}, {}, {}};
    if (magic_of(to) == 8)
        return result;
    milliseconds const delivered{delays.delivered.value.value};
    milliseconds const read{delays.read.value.value};
    result.later = {{ReceiptStatus::delivered, delivered}, {ReceiptStatus::read, delivered + read}};
    return result;
}

Task<SendResult> SandboxConnector::send(
    accounts::AccountView const& account, accounts::Outgoing const& message)
{
    auto const settings = read_stored_json<Settings>(account.settings);
    auto const delays = settings.delays_ms.value_or(Delays{});
    if (delays.sent.value.value > 0)
        co_await sleep_for(clock_, milliseconds{delays.sent.value.value});
    auto error = magic_error(magic_of(message.to));
    if (!error && settings.network_url)
        error = co_await post(settings.network_url->value, account, message);
    if (error)
        co_return SendResult{{}, std::move(error), {}};
    co_return sent_result(delays, message.to, message.message);
}

Task<std::optional<SendResult>> SandboxConnector::settle(
    accounts::AccountView const& account, accounts::Outgoing const& message)
{
    auto const settings = read_stored_json<Settings>(account.settings);
    if (!settings.network_url || magic_of(message.to) != 0)
        co_return std::nullopt;
    net::HttpRequest request{.url = settings.network_url->value + '/' + message.message.str()};
    request.total_timeout = std::chrono::seconds{10};
    auto const outcome = co_await http_.request(std::move(request));
    if (outcome && outcome->status == 200)
        co_return sent_result(settings.delays_ms.value_or(Delays{}), message.to, message.message);
    if (outcome && outcome->status == 404)
        co_return SendResult{
            {}, SendError{ErrorKind::retryable, "the network never got it", "404", {}}, {}};
    co_return std::nullopt;
}

Task<accounts::ProviderReply> SandboxConnector::handle_webhook(
    accounts::AccountView const&, accounts::ProviderRequest const&)
{
    co_return accounts::ProviderReply{404, "text/plain", "the sandbox has no webhook\n"};
}

Task<accounts::Health> SandboxConnector::health(accounts::AccountView const&)
{
    co_return accounts::Health::good;
}

std::chrono::seconds SandboxConnector::unknown_outcome_timeout(
    accounts::AccountView const& account) const
{
    auto const given = read_stored_json<Settings>(account.settings).unknown_outcome_timeout_s;
    return std::chrono::seconds{given ? given->value : capabilities_.unknown_outcome_timeout_s};
}

}
