#include "messages/append.hpp"

#include "base/errors.hpp"

#include <algorithm>

namespace hermod::messages {

static events::About about(MessageRow const& row)
{
    return {.conversation = row.conversation_id,
        .person = {},
        .reach = row.visibility == Visibility::internal ? events::Reach::team
                                                        : events::Reach::everybody};
}

/// What a new message means for those who read.
static void count_message(db::Tx& tx, MessageRow const& row, Message const& message)
{
    conversations::advance_author(tx, row.conversation_id, row.author_id, row.seq);
    if (row.silent)
        conversations::leave_out_of_unread(
            tx, row.conversation_id, row.seq, conversations::Uncounted::everybody);
    else if (row.visibility == Visibility::internal)
        conversations::leave_out_of_unread(
            tx, row.conversation_id, row.seq, conversations::Uncounted::outsiders);
    if (!row.silent)
        conversations::add_mentions(tx, row.conversation_id, row.seq, message.mentions);
}

Message append_message(db::Tx& tx, MessageRow row)
{
    conversations::Head head{tx, row.conversation_id};
    row.id = MessageId::make(tx.now());
    row.seq = head.next_seq();
    row.rev = head.next_rev();
    if (row.created_at == Timestamp{} || row.created_at > tx.now())
        row.created_at = tx.now();
    auto message = to_message(row);
    row.log_offset = events::append(tx, message_created, {message}, about(row));
    head.touched(row.log_offset, tx.now());
    insert_message(tx, row);
    count_message(tx, row, message);
    return message;
}

void write_change(db::Tx& tx, MessageRow& row, AppendEvent append)
{
    conversations::Head head{tx, row.conversation_id};
    row.rev = head.next_rev();
    auto const offset = append(to_message(row), about(row));
    auto offsets = offsets_of(row);
    offsets.push_back(offset);
    row.later_offsets = to_json(offsets);
    update_message(tx, row);
    head.touched(offset, tx.now());
}

std::vector<std::int64_t> offsets_of(MessageRow const& row)
{
    return row.later_offsets ? read_stored_json<std::vector<std::int64_t>>(*row.later_offsets)
                             : std::vector<std::int64_t>{};
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
    row.send_at = outbound.send_at;
    auto message = append_message(tx, row);
    row.id = message.id;
    add_send_job(tx, row, outbound.lane, outbound.send_at);
    return message;
}

void write_status(db::Tx& tx, MessageRow row, std::optional<Status> previous)
{
    write_change(tx, row, [&](Message const& message, events::About const& about) {
        // The same status with another error is a change, too, but no step of the message's way.
        return row.status == previous
            ? events::append(tx, message_updated, {message}, about)
            : events::append(tx, message_status, {message, previous}, about);
    });
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
        throw Problem{Errc::client_id_reused, {}, {{"client_id", "names another message"}}};
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
        throw Problem{Errc::unsupported_content, {},
            {{"type", "is not one that an account of " + account.connector + " can carry"}}};
    if (static_cast<std::int64_t>(content.text_length) > can.max_text_length)
        throw Problem{Errc::unsupported_content, {},
            {{"text",
                "must have at most " + std::to_string(can.max_text_length)
                    + " characters on this account"}}};
    if (has_subject && !can.subject)
        throw Problem{
            Errc::unsupported_content, {}, {{"subject", "cannot be carried by this account"}}};
}

}
