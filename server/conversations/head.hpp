#pragma once

#include "db/tx.hpp"

namespace hermod::conversations {

/// Makes the counters of a conversation that is being made.
void open_head(db::Tx& tx, ConversationId const& conversation, bool external);

}
