#pragma once

#include "accounts/connector.hpp"
#include "messages/append.hpp"

namespace hermod::messages {

/// What connectors receive becomes messages, statuses and account states: each handed-in thing
/// once, however often it is handed in, and durable when the call returns.
class ProviderInbox final : public accounts::Inbox {
public:
    explicit ProviderInbox(db::Database& db, accounts::Connectors const& connectors)
        : db_(db), connectors_(connectors)
    {
    }

    /// Throws invalid_body for content or an address that cannot be.
    Task<MessageId> receive(
        WorkspaceId workspace, AccountId account, accounts::IncomingMessage message) override;
    Task<void> receive(
        WorkspaceId workspace, AccountId account, accounts::IncomingReceipt receipt) override;
    Task<void> report(
        WorkspaceId workspace, AccountId account, accounts::StateChange change) override;

private:
    db::Database& db_;
    accounts::Connectors const& connectors_;
};

}
