#include "messages/append.hpp"

#include "base/errors.hpp"

#include <algorithm>

namespace hermod::messages {

Message append_message(db::Tx& tx, MessageRow row)
{
    conversations::Head head{tx, row.conversation_id};
    row.id = MessageId::make(tx.now());
    row.seq = head.next_seq();
    row.rev = head.next_rev();
    if (row.created_at == Timestamp{} || row.created_at > tx.now())
        row.created_at = tx.now();
    auto message = to_message(row);
    row.log_offset = events::append(
        tx, message_created, {message}, {.conversation = row.conversation_id, .person = {}});
    head.touched(row.log_offset, tx.now());
    insert_message(tx, row);
    return message;
}

void add_send_job(
    db::Tx& tx, MessageRow const& row, jobs::Lane lane, std::optional<Timestamp> send_at)
{
    jobs::add(tx,
        {
            .kind = std::string{send_job},
            .lane = lane,
            .order_key = row.account_id->str() + ':' + row.conversation_id.str(),
            .run_at = send_at.value_or(tx.now()),
            .message = row.id,
        });
}

Message append_outbound(db::Tx& tx, MessageRow row, Outbound const& outbound)
{
    row.direction = Direction::outbound;
    row.account_id = outbound.account.id;
    row.from_address = outbound.account.address;
    row.recipients = to_json(std::vector{outbound.to});
    row.status = Status::queued;
    auto message = append_message(tx, row);
    row.id = message.id;
    add_send_job(tx, row, outbound.lane, outbound.send_at);
    return message;
}

void write_status(db::Tx& tx, MessageRow row, std::optional<Status> previous)
{
    conversations::Head head{tx, row.conversation_id};
    row.rev = head.next_rev();
    update_status(tx, row);
    events::About const about{.conversation = row.conversation_id, .person = {}};
    // The same status with another error is a change, too, but no step of the message's way.
    auto const offset = row.status == previous
        ? events::append(tx, message_updated, {to_message(row)}, about)
        : events::append(tx, message_status, {to_message(row), previous}, about);
    head.touched(offset, tx.now());
}

std::optional<Message> find_earlier(db::Tx const& tx, PersonId const& author,
    std::optional<ClientId> const& client_id, Digest const& body_hash)
{
    if (!client_id)
        return std::nullopt;
    auto const key = find_key(tx, author, client_id->value);
    if (!key)
        return std::nullopt;
    if (key->body_hash != body_hash)
        throw Problem{Errc::client_id_reused};
    auto const row = find_message(tx, key->message_id);
    return row ? std::optional{to_message(*row)} : std::nullopt;
}

void require_carries(accounts::Connectors const& connectors, accounts::Account const& account,
    Content const& content, bool has_subject)
{
    auto const* const connector = connectors.find(account.connector);
    if (!connector)
        throw Problem{Errc::unknown_connector};
    auto const& can = connector->capabilities();
    if (std::ranges::find(can.message_types, to_name(content.type)) == can.message_types.end())
        throw Problem{Errc::unsupported_content, "the account cannot carry this type of message"};
    if (static_cast<std::int64_t>(content.text_length) > can.max_text_length)
        throw Problem{Errc::unsupported_content,
            "the account carries texts of at most " + std::to_string(can.max_text_length)
                + " characters"};
    if (has_subject && !can.subject)
        throw Problem{Errc::unsupported_content, "the account's messages have no subject"};
}

void require_reply_target(
    db::Tx const& tx, ConversationId const& conversation, std::optional<MessageId> const& reply_to)
{
    if (!reply_to)
        return;
    auto const target = find_message(tx, *reply_to);
    if (!target || target->conversation_id != conversation)
        throw Problem{Errc::message_not_found, "reply_to names no message of the conversation"};
}

}
