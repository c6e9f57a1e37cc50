#include "base/errors.hpp"
#include "messages/append.hpp"
#include "messages/sight.hpp"

namespace hermod::messages {

static constexpr std::int64_t most_pinned = 100;

Task<Message> pin_message(Deps& deps, Caller const& caller, MessageId const& id, bool pinned)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto row = require_present(tx, caller, id);
        if (row.pinned_at.has_value() == pinned)
            return to_message(row);
        if (pinned && count_pinned(tx, row.conversation_id) >= most_pinned)
            throw Problem{Errc::limit_reached, "a conversation takes at most 100 pinned messages"};
        row.pinned_at = pinned ? std::optional{tx.now()} : std::nullopt;
        write_change(tx, row, [&](Message const& message, events::About const& about) {
            return events::append(tx, message_updated, {message}, about);
        });
        return to_message(row);
    });
}

}
