#pragma once

#include "accounts/connector.hpp"
#include "base/codec.hpp"
#include "net/smtp.hpp"

#include <optional>
#include <string>

namespace hermod::net {
class Router;
}

namespace hermod::email {

/// An account's `credentials`: where mail is handed over, and as whom.
struct Credentials {
    Text<1, 500> url; ///< `smtp://host:port` or `smtps://host:port`
    std::optional<Text<1, 320>> username;
    std::optional<Text<1, 512>> password;
};
BOOST_DESCRIBE_STRUCT(Credentials, (), (url, username, password))

/// An account's `settings`. `from` is the sender; where it is left out the account's address is.
struct Settings {
    std::optional<Text<3, 254>> from;
    std::optional<Text<1, 200>> from_name;
    /// Of smtp://. Nothing goes over a connection that is not secured unless this allows it.
    std::optional<net::StartTls> starttls;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (from, from_name, starttls))

/// What the dialogue's end means to the send worker.
std::optional<accounts::SendError> to_send_error(net::SmtpOutcome const& outcome);

/// The mail that a message becomes; every try of a message makes the same one. Throws Problem
/// where its content is not a text.
net::MailMessage to_mail(accounts::AccountView const& account, Settings const& settings,
    accounts::Outgoing const& message);

/// Hands messages to a mail server over SMTP. The provider id is the Message-ID, without its angle
/// brackets. A connection lost after the text leaves the outcome unknown; as no receiver has to
/// drop a second mail of one Message-ID and nothing tells what became of the first, such a message
/// fails after a few minutes and can be resent by hand.
class EmailConnector final : public accounts::Connector {
public:
    /// `ca_file`: PEM; empty: the system's.
    EmailConnector(net::SmtpClient& smtp, net::AddressGuard const& guard, std::string ca_file = {});

    std::string_view name() const override { return "email"; }
    accounts::Capabilities const& capabilities() const override { return capabilities_; }
    std::vector<accounts::ConfigurationError> validate(
        std::string_view settings, std::string_view credentials) const override;
    std::optional<std::string> address_of(
        std::string_view settings, std::string_view credentials) const override;
    bool needs_address() const override { return true; }
    bool sends_while_connecting() const override { return true; }
    /// Connects and signs in once: `connected`, `action_needed` (credentials) or, where the server
    /// cannot be reached, `degraded`.
    Task<accounts::StateChange> start(accounts::AccountView const& account) override;
    Task<void> stop(AccountId account) override;
    Task<accounts::SendResult> send(
        accounts::AccountView const& account, accounts::Outgoing const& message) override;
    Task<std::optional<accounts::SendResult>> settle(
        accounts::AccountView const& account, accounts::Outgoing const& message) override;
    Task<accounts::ProviderReply> handle_webhook(
        accounts::AccountView const& account, accounts::ProviderRequest const& request) override;
    Task<accounts::Health> health(accounts::AccountView const& account) override;

private:
    std::optional<net::SmtpServer> server_of(
        accounts::AccountView const& account, Settings const& settings) const;

    net::SmtpClient& smtp_;
    net::AddressGuard const& guard_;
    std::string ca_file_;
    accounts::Capabilities capabilities_;
};

/// Puts `EmailSettings` and `EmailCredentials` into the API's document.
void document(net::Router& router);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(Credentials const*);
FieldTexts field_texts(Settings const*);

}
