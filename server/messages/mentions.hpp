#pragma once

#include "messages/store.hpp"

#include <vector>

namespace hermod::messages {

std::vector<PersonId> mentions_of(MessageRow const& row);

/// Whom a message of `author` mentions, each once, without the author. Throws participant_not_found
/// for one who is neither in the conversation nor, in an external one, of the team.
std::vector<PersonId> read_mentions(db::Tx const& tx, ConversationId const& conversation,
    PersonId const& author, Mentions const& mentions);

/// Of an edit: the row and the counts of those concerned.
void replace_mentions(db::Tx& tx, MessageRow& row, std::vector<PersonId> const& mentions);

}
