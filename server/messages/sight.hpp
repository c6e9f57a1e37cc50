#pragma once

#include "messages/store.hpp"

namespace hermod::messages {

/// What the caller sees of a conversation: all of it, or what came after they joined, without what
/// is internal. Throws conversation_not_found.
Sight sight_of(db::Tx const& tx, Caller const& caller, ConversationId const& conversation);

/// A message the caller may see, or message_not_found.
MessageRow require_visible(db::Tx const& tx, Caller const& caller, MessageId const& id);

/// The same where it is not deleted: not_editable.
MessageRow require_present(db::Tx const& tx, Caller const& caller, MessageId const& id);

/// Throws message_not_found for a reply_to that the caller does not see in the conversation.
void require_reply_target(db::Tx const& tx, Caller const& caller,
    ConversationId const& conversation, std::optional<MessageId> const& reply_to);

/// Whether the message goes, or went, out of Hermod or came into it.
inline bool is_external(MessageRow const& row)
{
    return row.direction.has_value();
}

}
