#include "access/idempotency.hpp"
#include "base/errors.hpp"
#include "messages/append.hpp"
#include "people/people.hpp"

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
        return *from->person_id;
    auto const person = people::find_by_external_id(tx, from->external_id->value);
    if (!person)
        throw Problem{Errc::person_not_found};
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
    row.metadata = command.metadata.value_or(Metadata{}).text;
    return row;
}

Task<Message> send_message(Deps& deps, Caller const& caller, ConversationId const& conversation,
    SendMessage const& command)
{
    auto const content = content_of(command);
    auto const hash = command.client_id ? sha256(conversation.str() + to_json(command)) : Digest{};
    co_return co_await access::write_once(deps.db, caller, 201, [&](db::Tx& tx) {
        auto const author = author_of(tx, caller, command.from);
        if (author != caller.person && !caller.has_scope("messages:send_as"))
            throw Problem{Errc::missing_scope, "messages:send_as"};
        // A retry gets the first answer and no second event; another body under the same id is 422.
        if (auto earlier = find_earlier(tx, author, command.client_id, hash))
            return *std::move(earlier);

        auto standing = conversations::require_visible(tx, caller, conversation);
        if (author != caller.person) {
            standing = *conversations::find_standing(tx, conversation, author);
            if (!standing.role)
                throw Problem{Errc::participant_not_found, "from names no participant"};
        }
        require_reply_target(tx, conversation, command.reply_to);
        auto row = row_of(command, content);
        row.conversation_id = conversation;
        row.author_id = author;
        row.author_name = std::move(standing.name);
        auto const external = standing.kind == conversations::Kind::external;
        if (!external)
            require_in_app(command, content);
        Message message;
        if (external && command.visibility.value == Visibility::all) {
            auto outbound = outbound_of(tx, deps, caller, conversation, standing);
            require_carries(
                deps.connectors, outbound.account, content, command.subject.has_value());
            outbound.lane = command.priority.value;
            outbound.send_at = command.send_at;
            message = append_outbound(tx, std::move(row), outbound);
        } else {
            message = append_message(tx, std::move(row));
        }
        if (command.client_id)
            insert_key(tx, author, command.client_id->value, message.id, hash);
        return message;
    });
}

}
