#include "base/errors.hpp"
#include "conversations/cursors.hpp"
#include "events/log.hpp"

#include <algorithm>
#include <set>

namespace hermod::conversations {

/// What changed for the caller after `after`, oldest change first; a conversation that changed in
/// two ways may be there twice.
static std::vector<ChangedRow> changed_for(db::Tx const& tx, Caller const& caller,
    std::int64_t after, std::int64_t head, std::int64_t limit)
{
    auto const viewer = viewer_of(caller);
    std::vector<ChangedRow> rows;
    auto const add = [&](std::vector<ChangedRow> more) {
        rows.insert(rows.end(), more.begin(), more.end());
    };
    if (caller.kind == Caller::Kind::api_key) {
        add(list_changed(tx, caller.person, after, limit));
    } else {
        add(list_own_changed(tx, viewer, after, head, limit));
        if (viewer.team)
            add(list_external_changed(tx, caller.person, after, limit));
    }
    add(list_privately_changed(tx, viewer, after, limit));
    std::ranges::sort(rows, {}, &ChangedRow::changed_offset);
    return rows;
}

/// A member still sees an external conversation that they left.
static void add_departures(
    db::Tx const& tx, Caller const& caller, std::int64_t after, std::int64_t until, Synced& result)
{
    if (after == 0 || caller.kind == Caller::Kind::api_key)
        return;
    for (auto const& row : list_departures(tx, caller.person, after, until))
        if (row.kind != Kind::external || !caller.is_team())
            result.left.push_back(row.conversation_id);
}

/// Of so many it is looked at once; more come with the next question.
static constexpr std::size_t most_people = 1000;

namespace {

struct Identities {
    std::vector<IdentityRow> rows;
    std::optional<std::int64_t> until; ///< there are more after it
};

}

/// What is of one event is told together. One who begins holds nothing yet that could be somebody
/// else's, but has to know their own ids.
static Identities identities_for(db::Tx const& tx, Caller const& caller, std::int64_t after)
{
    if (after == 0)
        return {list_aliases(tx, caller.person), {}};
    static constexpr std::int64_t limit = most_people + 200; // of one event there are less
    Identities found{list_identities(tx, after, limit), {}};
    if (found.rows.size() > most_people) {
        auto const rest = found.rows[most_people].log_offset;
        std::erase_if(found.rows, [&](auto const& row) { return row.log_offset >= rest; });
        found.until = rest - 1;
    }
    auto const all = caller.is_team() && caller.has_scope("people:read");
    if (!all && !found.rows.empty())
        found.rows = list_known_identities(
            tx, caller.person, after, found.until.value_or(found.rows.back().log_offset));
    return found;
}

Task<Synced> sync(Deps& deps, Caller const& caller, SyncQuery const& query)
{
    auto const after = query.after ? deps.log.offset_of(query.after->value) : 0;
    auto const limit = query.limit.value.value;
    // What changed is found by state, not by the log: a cursor below the log's floor is as good.
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        auto const extent = events::find_extent(tx);
        if (!extent)
            throw Problem{Errc::workspace_not_found};
        if (after > extent->head)
            throw Problem{Errc::cursor_expired};
        auto identities = identities_for(tx, caller, after);
        Synced result;
        result.person_id = caller.person;
        result.has_more = identities.until.has_value();
        std::set<ConversationId> seen;
        auto last = identities.until.value_or(extent->head);
        auto told = after;
        for (auto const& row : changed_for(tx, caller, after, extent->head, limit + 1)) {
            if (row.changed_offset > last)
                break;
            if (seen.contains(row.id))
                continue;
            if (static_cast<std::int64_t>(seen.size()) == limit) {
                result.has_more = true;
                last = told;
                break;
            }
            seen.insert(row.id);
            told = row.changed_offset;
            if (!accounts::may_reach(tx, caller, row.account_id))
                continue; // a test key's page is shorter by what it does not reach
            if (row.deleted && after > 0)
                result.left.push_back(row.id);
            else if (!row.deleted)
                result.conversations.push_back({row.id, row.seq, row.rev, row.unread});
        }
        for (auto& row : identities.rows)
            if (after == 0 || row.log_offset <= last)
                result.people.push_back({row.person_id, row.merged_into, std::move(row.name)});
        add_departures(tx, caller, after, last, result);
        result.cursor = deps.log.cursor(last);
        return result;
    });
}

}
