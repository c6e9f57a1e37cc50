#include "base/errors.hpp"
#include "messages/append.hpp"
#include "messages/mentions.hpp"
#include "messages/sight.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>

namespace hermod::messages {

static constexpr std::int64_t events_per_transaction = 200;

static void require_may_delete(db::Tx const& tx, Caller const& caller, MessageRow const& row)
{
    auto const standing = conversations::require_visible(tx, caller, row.conversation_id);
    auto const direct = standing.kind == conversations::Kind::direct;
    if (row.author_id != caller.person
        && (!conversations::may_manage(caller, standing)
            || (direct && caller.kind != Caller::Kind::api_key)))
        throw Problem{Errc::forbidden,
            "only its author, or who manages the conversation, may delete a message"};
    // Deleting what waits cancels it; what was received can be erased here.
    auto const left = row.direction == Direction::outbound && row.status != Status::queued
        && row.status != Status::failed;
    if (left)
        throw Problem{Errc::not_editable, "the message has left for its network"};
}

/// What stays of it: its place, its author, its times.
static void empty(MessageRow& row)
{
    row.content = "{}";
    row.subject.reset();
    row.metadata = "{}";
    row.mentions.reset();
    row.reactions.reset();
    row.pinned_at.reset();
}

/// Takes the content out of the message's events, a bounded number at a time: those at `offsets`
/// from `from` on. Returns whether all are done.
static bool redact(
    db::Tx& tx, Message const& left, std::vector<std::int64_t> const& offsets, std::size_t from)
{
    auto const until = std::min<std::size_t>(offsets.size(), from + events_per_transaction);
    for (auto i = from; i < until; ++i) {
        auto const data = events::data_at(tx, offsets[i]);
        if (!data)
            continue; // no longer kept
        auto parsed = json::parse(*data).as_object();
        parsed["message"] = json::parse(to_json(left));
        events::rewrite_at(tx, offsets[i], json_to_text(parsed));
    }
    return until == offsets.size();
}

static void remove(db::Tx& tx, MessageRow& row)
{
    conversations::remove_mentions(tx, row.conversation_id, row.seq, mentions_of(row));
    conversations::leave_out_of_unread(
        tx, row.conversation_id, row.seq, conversations::Uncounted::everybody);
    delete_edits(tx, row.id);
    empty(row);
    row.deleted_at = tx.now();
    write_change(tx, row, [&](Message const& message, events::About const& about) {
        return events::append(tx, message_deleted, {message}, about);
    });
}

Task<void> delete_message(Deps& deps, Caller const& caller, MessageId const& id)
{
    for (std::size_t done = 0, over = 0; !over; done += events_per_transaction) {
        over = co_await deps.db.write(caller.workspace, [&](db::Tx& tx) -> std::size_t {
            auto row = require_visible(tx, caller, id);
            if (row.deleted_at)
                return 1;
            require_may_delete(tx, caller, row);
            auto offsets = offsets_of(row);
            offsets.insert(offsets.begin(), row.log_offset);
            auto left = row;
            empty(left);
            if (!redact(tx, to_message(left), offsets, done))
                return 0;
            remove(tx, row);
            return 1;
        });
    }
}

}
