#include "connectors/email/email.hpp"

#include "messages/content.hpp"

#include <algorithm>

namespace hermod::email {

using accounts::ConfigurationError;
using accounts::ErrorKind;
using accounts::SendError;
using accounts::SendResult;
using net::SmtpPhase;
using net::SmtpResult;

/// Nothing can be learned of a mail whose outcome is unknown, so there is little to wait for.
static constexpr std::int64_t unknown_outcome_timeout_s = 300;

EmailConnector::EmailConnector(
    net::SmtpClient& smtp, net::AddressGuard const& guard, std::string ca_file)
    : smtp_(smtp)
    , guard_(guard)
    , ca_file_(std::move(ca_file))
    , capabilities_{.connector = "email",
          .address_kinds = {"email"},
          .message_types = {"text"},
          .max_text_length = messages::max_text,
          .subject = true,
          .unknown_outcome_timeout_s = unknown_outcome_timeout_s}
{
}

static bool has_control_character(std::string_view text)
{
    return std::ranges::any_of(
        text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

static void add_errors(
    std::vector<ConfigurationError>& errors, std::string const& area, Problem const& problem)
{
    if (problem.fields.empty())
        errors.push_back({area, "must be an object"});
    for (auto const& wrong : problem.fields)
        errors.push_back({wrong.field.empty() ? area : area + "." + wrong.field, wrong.message});
}

static void check_credentials(std::vector<ConfigurationError>& errors,
    net::AddressGuard const& guard, Credentials const& credentials)
{
    auto const vetted = guard.vet(credentials.url.value, {net::UrlRules::Kind::smtp, false});
    if (!vetted)
        errors.push_back({"credentials.url", vetted.error().message, vetted.error().blocked});
    if (credentials.username.has_value() != credentials.password.has_value())
        errors.push_back({credentials.username ? "credentials.password" : "credentials.username",
            "is required with the other"});
    if (credentials.username && has_control_character(credentials.username->value))
        errors.push_back({"credentials.username", "must have no control characters"});
    if (credentials.password && has_control_character(credentials.password->value))
        errors.push_back({"credentials.password", "must have no control characters"});
}

std::vector<ConfigurationError> EmailConnector::validate(
    std::string_view settings, std::string_view credentials) const
{
    std::vector<ConfigurationError> errors;
    auto const read_settings = read_json<Settings>(settings);
    if (!read_settings)
        add_errors(errors, "settings", read_settings.error());
    else if (read_settings->from && !net::is_mail_address(read_settings->from->value))
        errors.push_back({"settings.from", "must be an e-mail address"});
    auto const read_credentials = read_json<Credentials>(credentials);
    if (!read_credentials)
        add_errors(errors, "credentials", read_credentials.error());
    else
        check_credentials(errors, guard_, *read_credentials);
    return errors;
}

std::optional<std::string> EmailConnector::address_of(
    std::string_view settings, std::string_view) const
{
    auto const read = read_json<Settings>(settings);
    return read && read->from ? std::optional{read->from->value} : std::nullopt;
}

std::optional<net::SmtpServer> EmailConnector::server_of(
    accounts::AccountView const& account, Settings const& settings) const
{
    auto const credentials = read_stored_json<Credentials>(account.credentials);
    auto vetted = guard_.vet(credentials.url.value, {net::UrlRules::Kind::smtp, false});
    if (!vetted)
        return std::nullopt;
    auto const from = settings.from ? settings.from->value : account.address;
    auto domain = from.substr(from.find('@') + 1);
    // Only what is a host's name is fit to greet with; else libcurl takes this machine's.
    if (domain.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")
        != std::string::npos)
        domain.clear();
    return net::SmtpServer{.url = *std::move(vetted),
        .username = credentials.username ? credentials.username->value : std::string{},
        .password = credentials.password ? credentials.password->value : std::string{},
        .starttls = settings.starttls.value_or(net::StartTls::required),
        .ca_file = ca_file_,
        .ehlo_name = std::move(domain)};
}

static accounts::StateChange blocked()
{
    return {"failed", "the mail server is in a network that may not be reached", std::nullopt};
}

Task<accounts::StateChange> EmailConnector::start(accounts::AccountView const& account)
{
    auto const settings = read_stored_json<Settings>(account.settings);
    auto server = server_of(account, settings);
    if (!server)
        co_return blocked();
    auto const outcome = co_await smtp_.check(*std::move(server), account.workspace);
    auto const error = to_send_error(outcome);
    if (!error)
        co_return accounts::StateChange{"connected", {}, std::nullopt};
    if (outcome.result == SmtpResult::blocked_address)
        co_return blocked();
    if (error->kind == ErrorKind::auth)
        co_return accounts::StateChange{"action_needed", error->reason, "credentials"};
    co_return accounts::StateChange{"degraded", error->reason, std::nullopt};
}

Task<void> EmailConnector::stop(AccountId)
{
    co_return;
}

static net::MailUrgency to_mail_urgency(accounts::Urgency urgency)
{
    switch (urgency) {
    case accounts::Urgency::otp:
        return net::MailUrgency::otp;
    case accounts::Urgency::conversation:
        return net::MailUrgency::conversation;
    case accounts::Urgency::campaign:
        return net::MailUrgency::campaign;
    }
    return net::MailUrgency::campaign;
}

Task<SendResult> EmailConnector::send(
    accounts::AccountView const& account, accounts::Outgoing const& message)
{
    auto const settings = read_stored_json<Settings>(account.settings);
    auto server = server_of(account, settings);
    if (!server)
        co_return SendResult{{}, SendError{ErrorKind::retryable, blocked().reason, {}, {}}, {}};
    std::optional<net::MailMessage> mail;
    try {
        mail = to_mail(account, settings, message);
    } catch (Problem const& problem) {
        co_return SendResult{{}, SendError{ErrorKind::content, problem.detail, {}, {}}, {}};
    }
    auto const id = mail->message_id;
    auto const outcome = co_await smtp_.send(*std::move(server), *std::move(mail),
        {account.workspace, to_mail_urgency(message.urgency)});
    if (auto error = to_send_error(outcome))
        co_return SendResult{{}, std::move(error), {}};
    co_return SendResult{accounts::Sent{id}, {}, {}};
}

Task<std::optional<SendResult>> EmailConnector::settle(
    accounts::AccountView const&, accounts::Outgoing const&)
{
    co_return std::nullopt;
}

Task<accounts::ProviderReply> EmailConnector::handle_webhook(
    accounts::AccountView const&, accounts::ProviderRequest const&)
{
    co_return accounts::ProviderReply{404, "text/plain", "mail has no webhook\n"};
}

Task<accounts::Health> EmailConnector::health(accounts::AccountView const& account)
{
    auto const change = co_await start(account);
    if (change.state == "connected")
        co_return accounts::Health::good;
    co_return change.state == "degraded" ? accounts::Health::unreachable
                                         : accounts::Health::degraded;
}

}
