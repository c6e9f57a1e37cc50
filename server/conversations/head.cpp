#include "conversations/head.hpp"

#include "base/errors.hpp"
#include "conversations/conversations.hpp"

#include <array>

namespace hermod::conversations {

enum HeadColumn {
    seq_column,
    rev_column,
    last_offset_column,
    activity_offset_column,
    updated_at_column,
};

static constexpr db::HotTable heads{
    .table = "conversation_heads",
    .key = "conversation_id",
    .select = "SELECT seq, rev, last_offset, activity_offset, updated_at FROM conversation_heads"
              " WHERE workspace_id = $1 AND conversation_id = $2",
    .update = "UPDATE conversation_heads SET seq = $3, rev = $4, last_offset = $5,"
              " activity_offset = $6, updated_at = $7"
              " WHERE workspace_id = $1 AND conversation_id = $2",
    .columns = 5,
};

void open_head(db::Tx& tx, ConversationId const& conversation, bool external)
{
    tx.run(R"sql(
        INSERT INTO conversation_heads
            (workspace_id, conversation_id, seq, rev, last_offset, activity_offset, updated_at,
            external)
        VALUES ($1, $2, 0, 0, 0, 0, $3, $4))sql",
        conversation, tx.now(), external);
    std::array<std::int64_t, 5> const fresh{0, 0, 0, 0, tx.now().us};
    tx.insert_hot(heads, conversation.bytes(), fresh);
}

Head::Head(db::Tx& tx, ConversationId const& conversation)
    : row_(tx.find_hot(heads, conversation.bytes()))
{
    if (!row_)
        throw Problem{Errc::conversation_not_found};
}

std::int64_t Head::seq() const
{
    return (*row_)[seq_column];
}

std::int64_t Head::rev() const
{
    return (*row_)[rev_column];
}

std::int64_t Head::next_seq()
{
    row_->set(seq_column, seq() + 1);
    return seq();
}

std::int64_t Head::next_rev()
{
    row_->set(rev_column, rev() + 1);
    return rev();
}

void Head::touched(std::int64_t offset, Timestamp now)
{
    row_->set(last_offset_column, offset);
    row_->set(activity_offset_column, offset);
    row_->set(updated_at_column, now.us);
}

void Head::noted(std::int64_t offset)
{
    row_->set(last_offset_column, offset);
}

}
