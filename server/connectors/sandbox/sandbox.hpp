#pragma once

#include "accounts/connector.hpp"
#include "base/codec.hpp"
#include "net/http_client.hpp"

#include <optional>
#include <string>

namespace hermod::net {
class Router;
}

namespace hermod::db {
class Database;
}

namespace hermod::sandbox {

using DelayMs = Int<0, 86'400'000>;

/// How long after the step before it.
struct Delays {
    Or<DelayMs, std::int64_t{0}> sent;
    Or<DelayMs, std::int64_t{0}> delivered;
    Or<DelayMs, std::int64_t{0}> read;
};
BOOST_DESCRIBE_STRUCT(Delays, (), (sent, delivered, read))

/// An account's `settings`. With `network_url` every send is a POST of `{id,from,to,type,content}`
/// there, so that another process is the network.
struct Settings {
    std::optional<Delays> delays_ms;
    std::optional<Text<1, 2000>> network_url;
    /// After this a message whose outcome stays unknown has failed; an hour unless given.
    std::optional<Int<1, 86'400>> unknown_outcome_timeout_s;
};
BOOST_DESCRIBE_STRUCT(Settings, (), (delays_ms, network_url, unknown_outcome_timeout_s))

/// A network in a box. `+1500555000N` behaves as N says: 1 retryable, 2 pace, 3 recipient,
/// 4 content, 5 account_blocked, 6 auth, 7 outcome_unknown, 8 sent but never delivered; every other
/// address is delivered, then read.
class SandboxConnector final : public accounts::Connector {
public:
    SandboxConnector(net::HttpClient const& http, Clock& clock);

    std::string_view name() const override { return "sandbox"; }
    accounts::Capabilities const& capabilities() const override { return capabilities_; }
    std::vector<accounts::ConfigurationError> validate(
        std::string_view settings, std::string_view credentials) const override;
    std::optional<std::string> address_of(
        std::string_view settings, std::string_view credentials) const override;
    bool starts_at_once() const override { return true; }
    Task<accounts::StateChange> start(accounts::AccountView const& account) override;
    Task<void> stop(AccountId account) override;
    Task<accounts::SendResult> send(
        accounts::AccountView const& account, accounts::Outgoing const& message) override;
    /// With a network, GET `network_url/{id}`: 200 it was sent, 404 it was not. Without one, the
    /// outcome of a send to number 7 never becomes known.
    Task<std::optional<accounts::SendResult>> settle(
        accounts::AccountView const& account, accounts::Outgoing const& message) override;
    Task<accounts::ProviderReply> handle_webhook(
        accounts::AccountView const& account, accounts::ProviderRequest const& request) override;
    Task<accounts::Health> health(accounts::AccountView const& account) override;
    std::chrono::seconds unknown_outcome_timeout(
        accounts::AccountView const& account) const override;

private:
    Task<std::optional<accounts::SendError>> post(
        std::string url, accounts::AccountView const& account, accounts::Outgoing const& message);

    net::HttpClient const& http_;
    Clock& clock_;
    accounts::Capabilities capabilities_;
};

struct Deps {
    db::Database& db;
    accounts::Inbox& inbox;
    Clock& clock;
};

/// `POST /api/v1/sandbox/inbound`.
void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(Delays const*);
FieldTexts field_texts(Settings const*);

}
