#include "messages/sight.hpp"

#include "base/errors.hpp"

namespace hermod::messages {

Sight sight_of(db::Tx const& tx, Caller const& caller, ConversationId const& conversation)
{
    auto const standing = conversations::require_visible(tx, caller, conversation);
    Sight sight{.conversation = conversation, .internal = caller.is_team()};
    if (caller.kind == Caller::Kind::api_key)
        return sight;
    if (standing.kind == conversations::Kind::external && caller.is_team())
        return sight;
    sight.floor = conversations::joined_seq(tx, conversation, caller.person).value_or(0);
    return sight;
}

MessageRow require_visible(db::Tx const& tx, Caller const& caller, MessageId const& id)
{
    auto row = find_message(tx, id);
    if (!row)
        throw Problem{Errc::message_not_found};
    try {
        auto const sight = sight_of(tx, caller, row->conversation_id);
        if (row->seq > sight.floor && (sight.internal || row->visibility == Visibility::all))
            return *std::move(row);
    } catch (Problem const& problem) {
        if (problem.code != Errc::conversation_not_found)
            throw;
    }
    throw Problem{Errc::message_not_found};
}

MessageRow require_present(db::Tx const& tx, Caller const& caller, MessageId const& id)
{
    auto row = require_visible(tx, caller, id);
    if (row.deleted_at)
        throw Problem{Errc::not_editable, "the message is deleted"};
    return row;
}

void require_reply_target(db::Tx const& tx, Caller const& caller,
    ConversationId const& conversation, std::optional<MessageId> const& reply_to)
{
    if (!reply_to)
        return;
    auto const target = find_message(tx, *reply_to);
    if (!target || target->conversation_id != conversation
        || require_visible(tx, caller, *reply_to).conversation_id != conversation)
        throw Problem{
            Errc::message_not_found, {}, {{"reply_to", "names no message of the conversation"}}};
}

}
