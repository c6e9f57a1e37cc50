#include "messages/inbox.hpp"

#include "base/errors.hpp"
#include "messages/early_receipts.hpp"
#include "messages/send_worker.hpp"
#include "people/people.hpp"

namespace hermod::messages {

/// The address as the kind of one of the connector's addresses that it can be read as.
static people::ParsedAddress address_of(
    accounts::Connectors const& connectors, accounts::Account const& account, std::string_view from)
{
    auto const* const connector = connectors.find(account.connector);
    if (!connector)
        throw Problem{Errc::unknown_connector};
    std::optional<Problem> refusal;
    for (auto const& name : connector->capabilities().address_kinds) {
        auto const kind = from_name<people::AddressKind>(name);
        if (!kind)
            continue;
        auto parsed = people::read_address(*kind, from, "from");
        if (parsed)
            return *std::move(parsed);
        if (!refusal)
            refusal = std::move(parsed.error());
    }
    throw refusal.value_or(Problem{Errc::recipient_unreachable});
}

/// Known types are held to their form; what is not known is kept as it came.
static Content incoming_content(accounts::IncomingMessage const& message)
{
    auto const type = from_name<Type>(message.type).value_or(Type::unsupported);
    switch (type) {
    case Type::text:
    case Type::location:
    case Type::contacts:
        return read_content(std::nullopt, type, message.content);
    default:
        return {type, message.content, 0};
    }
}

Task<MessageId> ProviderInbox::receive(
    WorkspaceId workspace, AccountId account_id, accounts::IncomingMessage message)
{
    auto const content = incoming_content(message);
    co_return co_await db_.write(workspace, [&](db::Tx& tx) {
        if (auto const seen = find_input(tx, account_id, message.provider_id, "message", ""))
            return seen->message_id.value_or(MessageId{});
        auto const account = accounts::require_account(tx, account_id);
        auto const address = address_of(connectors_, account, message.from);
        auto const from = people::find_or_create_by_address(tx, address,
            message.from_name ? std::optional<std::string_view>{*message.from_name} : std::nullopt);
        auto const conversation =
            conversations::find_or_create_external(tx, account.id, from.person);
        std::optional<MessageId> reply_to;
        if (message.reply_to_provider_id)
            if (auto const target =
                    find_by_provider_id(tx, account.id, *message.reply_to_provider_id))
                reply_to = target->id;
        MessageRow row;
        row.conversation_id = conversation;
        row.author_id = from.person;
        row.author_name = from.name;
        row.direction = Direction::inbound;
        row.account_id = account.id;
        row.provider_id = message.provider_id;
        row.from_address = address.value;
        row.recipients = "[]";
        row.type = content.type;
        row.content = content.json;
        row.subject = message.subject;
        row.status = Status::delivered;
        row.reply_to = reply_to;
        row.created_at = message.at.value_or(Timestamp{});
        auto const stored = append_message(tx, row);
        insert_input(tx, account.id, message.provider_id, "message", "", stored.id);
        return stored.id;
    });
}

Task<void> ProviderInbox::receive(
    WorkspaceId workspace, AccountId account, accounts::IncomingReceipt receipt)
{
    co_await db_.write(workspace, [&](db::Tx& tx) {
        auto const status = to_name(receipt.status);
        if (find_input(tx, account, receipt.provider_id, "receipt", status))
            return;
        auto row = find_by_provider_id(tx, account, receipt.provider_id);
        if (!row)
            return keep_early_receipt(tx, account, receipt);
        insert_input(tx, account, receipt.provider_id, "receipt", status, row->id);
        apply_receipt(tx, *std::move(row), receipt.status, error_of(receipt));
    });
}

Task<void> ProviderInbox::report(
    WorkspaceId workspace, AccountId account, accounts::StateChange change)
{
    co_await db_.write(workspace, [&](db::Tx& tx) { accounts::set_state(tx, account, change); });
}

}
