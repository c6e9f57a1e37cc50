#include "base/errors.hpp"
#include "messages/sight.hpp"

#include <algorithm>

namespace hermod::messages {

namespace {

/// A message at the rev by which it is in order: a new one at that of its making, an older one at
/// that of its last change.
struct Change {
    std::int64_t rev;
    MessageRow row;
};

}

static std::vector<Change> changes_after(
    db::Tx const& tx, Sight const& sight, std::int64_t newest, std::int64_t rev, std::int64_t limit)
{
    std::vector<Change> changes;
    for (auto& row : list_after(tx, sight, seq_at_rev(tx, sight.conversation, newest, rev), limit))
        changes.push_back({row.created_rev, std::move(row)});
    for (auto& row : list_changed(tx, sight, rev, limit))
        changes.push_back({row.rev, std::move(row)});
    std::ranges::sort(changes, {}, &Change::rev);
    return changes;
}

Task<Changes> list_changes(
    Deps& deps, Caller const& caller, ConversationId const& conversation, ChangesQuery const& query)
{
    auto const after = query.after_rev.value;
    auto const limit = query.limit.value.value;
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        auto const sight = sight_of(tx, caller, conversation);
        Changes result;
        result.conversation = conversations::current_view(tx, caller, conversation);
        result.participants = conversations::participants_of(tx, conversation);
        result.rev = result.conversation.rev;
        if (after > result.rev)
            throw Problem{Errc::cursor_expired, "after_rev is beyond the conversation's rev"};
        auto const changes = changes_after(tx, sight, result.conversation.seq, after, limit + 1);
        for (auto const& [rev, row] : changes) {
            if (static_cast<std::int64_t>(result.messages.size()) == limit) {
                result.has_more = true;
                break;
            }
            result.messages.push_back(to_message(row));
            if (static_cast<std::int64_t>(result.messages.size()) == limit)
                result.rev = rev;
        }
        if (!result.has_more)
            result.rev = result.conversation.rev;
        return result;
    });
}

}
