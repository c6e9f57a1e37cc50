#include "access/idempotency.hpp"
#include "base/errors.hpp"
#include "messages/append.hpp"
#include "messages/mentions.hpp"
#include "messages/sight.hpp"
#include "people/merging.hpp"

namespace hermod::messages {

static Problem wrong(std::string field, std::string message)
{
    return Problem{Errc::invalid_body, {}, {{std::move(field), std::move(message)}}};
}

template <class T>
static std::optional<std::string_view> view(std::optional<T> const& text)
{
    return text ? std::optional<std::string_view>{text->value} : std::nullopt;
}

static Content content_of(SendMessage const& command)
{
    auto const content =
        command.content ? std::optional<std::string_view>{command.content->text} : std::nullopt;
    return read_content(view(command.text), command.type, content);
}

/// Who writes: the caller, or another participant in whose name the caller may send.
static PersonId author_of(db::Tx const& tx, Caller const& caller, std::optional<Author> const& from)
{
    if (!from)
        return caller.person;
    if (from->person_id.has_value() == from->external_id.has_value())
        throw wrong("from", "must have either person_id or external_id");
    if (from->person_id)
        return people::survivor_of(tx, *from->person_id);
    auto const person = people::find_by_external_id(tx, from->external_id->value);
    if (!person)
        throw Problem{Errc::person_not_found, {}, {{"from.external_id", "names no person"}}};
    return person->id;
}

/// Where a message of an external conversation goes: its contact, at the address they wrote from
/// last, else at their primary one.
static Outbound outbound_of(db::Tx const& tx, Deps const& deps, Caller const& caller,
    ConversationId const& id, conversations::Standing const& standing)
{
    auto const account = accounts::require_visible(tx, caller, *standing.account_id);
    auto const contacts = conversations::list_contacts(tx, id);
    if (contacts.empty())
        throw Problem{Errc::recipient_unreachable, "nobody is left in the conversation"};
    auto const& contact = contacts.front();
    auto const names = people::names_of(tx, contacts);
    auto const name = names.find(contact);
    Party to{contact, last_address_of(tx, id, contact),
        name == names.end() ? std::nullopt : std::optional{name->second}};
    auto const* const connector = deps.connectors.find(account.connector);
    for (std::size_t i = 0; connector && !to.address; ++i) {
        auto const& kinds = connector->capabilities().address_kinds;
        if (i == kinds.size())
            break;
        if (auto const kind = from_name<people::AddressKind>(kinds[i]))
            if (auto address = people::primary_address(tx, contact, *kind))
                to.address = std::move(address->value);
    }
    if (!to.address)
        throw Problem{Errc::recipient_unreachable};
    return {account, std::move(to), jobs::Lane::conversation, std::nullopt};
}

/// What only an external conversation has.
static void require_in_app(SendMessage const& command, Content const& content)
{
    if (command.subject)
        throw wrong("subject", "is for external conversations");
    if (command.send_at)
        throw wrong("send_at", "is for external conversations");
    if (command.visibility.value == Visibility::internal)
        throw wrong("visibility", "can be internal in external conversations alone");
    if (content.type == Type::text && content.text_length > 16384)
        throw wrong("text", "must have at most 16384 characters");
}

/// What the command says of the row.
static MessageRow row_of(SendMessage const& command, Content const& content)
{
    MessageRow row;
    row.type = content.type;
    row.content = content.json;
    if (command.subject)
        row.subject = command.subject->value;
    row.visibility = command.visibility.value;
    if (command.client_id)
        row.client_id = command.client_id->value;
    row.reply_to = command.reply_to;
    row.silent = command.silent;
    row.metadata = command.metadata.value_or(Metadata{}).text;
    return row;
}

/// What the author may not say here.
static void check_place(Caller const& caller, SendMessage const& command, Content const& content,
    conversations::Standing const& standing)
{
    // What an app user wrote there would go out in the workspace's name.
    if (standing.kind == conversations::Kind::external && !caller.is_team())
        throw Problem{Errc::forbidden, "only the team answers on an account"};
    if (standing.kind != conversations::Kind::external)
        require_in_app(command, content);
    else if (command.mentions && command.visibility.value == Visibility::all)
        throw wrong("mentions", "is for in-app conversations and internal notes");
}

/// Stores what was checked, and the job that sends it where it leaves Hermod.
static Message append_command(db::Tx& tx, Deps const& deps, Caller const& caller, MessageRow row,
    SendMessage const& command, Content const& content, conversations::Standing const& standing)
{
    if (standing.kind != conversations::Kind::external
        || command.visibility.value == Visibility::internal)
        return append_message(tx, std::move(row));
    auto outbound = outbound_of(tx, deps, caller, row.conversation_id, standing);
    require_carries(deps.connectors, outbound.account, content, command.subject.has_value());
    outbound.lane = command.priority.value;
    outbound.send_at = command.send_at;
    return append_outbound(tx, std::move(row), outbound);
}

/// In the caller's transaction: `command` with its `content` read, under the client id's `hash`.
static Message send_into(db::Tx& tx, Deps const& deps, Caller const& caller,
    ConversationId const& conversation, SendMessage const& command, Content const& content,
    Digest const& hash, std::optional<MessageId> const& forwarded_from)
{
    auto const author = author_of(tx, caller, command.from);
    if (author != caller.person && !caller.has_scope("messages:send_as"))
        throw Problem{Errc::missing_scope, "messages:send_as"};
    // A retry gets the first answer and no second event; another body under the same id is 422.
    if (auto earlier = find_earlier(tx, author, command.client_id, hash))
        return *std::move(earlier);

    auto standing = conversations::require_visible(tx, caller, conversation);
    if (author != caller.person) {
        standing = *conversations::find_standing(tx, conversation, author);
        if (!standing.role || !people::find_person(tx, author))
            throw Problem{Errc::participant_not_found, {}, {{"from", "names no participant"}}};
    }
    require_reply_target(tx, caller, conversation, command.reply_to);
    check_place(caller, command, content, standing);
    auto row = row_of(command, content);
    row.conversation_id = conversation;
    row.author_id = author;
    row.author_name = std::move(standing.name);
    row.forwarded_from = forwarded_from;
    if (command.mentions && !command.mentions->items.empty())
        row.mentions = to_json(read_mentions(tx, conversation, author, *command.mentions));
    auto const message =
        append_command(tx, deps, caller, std::move(row), command, content, standing);
    if (command.client_id)
        insert_key(tx, author, command.client_id->value, message.id, hash);
    return message;
}

Task<Message> send_message(Deps& deps, Caller const& caller, ConversationId const& conversation,
    SendMessage const& command)
{
    auto const content = content_of(command);
    auto const hash = command.client_id ? sha256(conversation.str() + to_json(command)) : Digest{};
    co_return co_await access::write_once(deps.db, caller, 201, [&](db::Tx& tx) {
        return send_into(tx, deps, caller, conversation, command, content, hash, std::nullopt);
    });
}

Task<Message> forward_message(
    Deps& deps, Caller const& caller, MessageId const& id, ForwardMessage const& command)
{
    auto const hash = command.client_id ? sha256(id.str() + to_json(command)) : Digest{};
    co_return co_await access::write_once(deps.db, caller, 201, [&](db::Tx& tx) {
        auto const source = require_present(tx, caller, id);
        if (source.visibility == Visibility::internal)
            throw Problem{Errc::not_editable, "an internal note cannot be forwarded"};
        SendMessage copy;
        copy.type = source.type;
        copy.content = {source.content};
        copy.client_id = command.client_id;
        return send_into(
            tx, deps, caller, command.conversation_id, copy, content_of(copy), hash, source.id);
    });
}

}
