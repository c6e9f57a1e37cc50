#include "base/errors.hpp"
#include "conversations/store.hpp"
#include "net/cursor.hpp"
#include "people/merging.hpp"

namespace hermod::conversations {

Viewer viewer_of(Caller const& caller)
{
    return {caller.person, caller.is_team()};
}

Conversation to_view(ViewRow const& row)
{
    auto view = to_everybody(row);
    view.unread = row.unread;
    if (row.unread)
        view.me = OwnView{row.mentions, row.marked_unread.value_or(false),
            row.archived.value_or(false), row.pinned.value_or(false), row.muted_until};
    return view;
}

Conversation to_everybody(ViewRow const& row)
{
    return {.id = row.id,
        .kind = row.kind,
        .title = row.title,
        .account_id = row.account_id,
        .seq = row.seq,
        .rev = row.rev,
        .unread = {},
        .history = row.history,
        .me = {},
        .created_at = row.created_at,
        .updated_at = row.updated_at};
}

Conversation current_view(db::Tx const& tx, Caller const& caller, ConversationId const& id)
{
    return to_view(*find_view(tx, id, viewer_of(caller)));
}

Standing require_visible(db::Tx const& tx, Caller const& caller, ConversationId const& conversation)
{
    auto standing = find_standing(tx, conversation, caller.person);
    auto const visible = standing
        && (caller.kind == Caller::Kind::api_key || standing->role
            || (standing->kind == Kind::external && caller.is_team()))
        && accounts::may_reach(tx, caller, standing->account_id);
    if (!visible)
        throw Problem{Errc::conversation_not_found};
    return *std::move(standing);
}

Task<Conversation> get_conversation(Deps& deps, Caller const& caller, ConversationId const& id)
{
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        require_visible(tx, caller, id);
        return current_view(tx, caller, id);
    });
}

static std::optional<std::int64_t> offset_of(std::optional<Text<1, 512>> const& cursor)
{
    if (!cursor)
        return std::nullopt;
    return std::get<0>(net::read_cursor<std::int64_t>(cursor->value));
}

Task<net::Page<Conversation>> list_conversations(
    Deps& deps, Caller const& caller, ListConversations const& query)
{
    auto const limit = query.limit.value.value;
    ViewFilter const asked{
        .viewer = viewer_of(caller),
        .all = caller.kind == Caller::Kind::api_key,
        .kind = query.kind,
        .account_id = query.account_id,
        .person_id = query.person_id,
        .before = offset_of(query.cursor),
        .limit = limit + 1,
    };
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        auto filter = asked;
        if (asked.person_id)
            filter.person_id = people::survivor_of(tx, *asked.person_id);
        net::Page<Conversation> page;
        std::int64_t last = 0;
        std::int64_t seen = 0; // a test key's page is shorter by what it does not reach
        for (auto const& row : list_views(tx, filter)) {
            if (seen++ == limit) {
                page.next = net::encode_cursor({std::to_string(last)});
                break;
            }
            last = row.activity_offset;
            if (accounts::may_reach(tx, caller, row.account_id))
                page.data.push_back(to_view(row));
        }
        return page;
    });
}

bool LogMembership::test_key_sees(db::Tx const& tx, events::Line const& line) const
{
    Caller test_key;
    test_key.test = true;
    if (line.type == accounts::account_state.name)
        return accounts::may_reach(
            test_key, read_stored_json<accounts::AccountEvent>(line.data).account);
    return !line.conversation_id
        || accounts::may_reach(tx, test_key, find_account_of(tx, *line.conversation_id));
}

events::Membership::Standing LogMembership::standing(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person) const
{
    // Of a deleted one, too: its members are told of the deletion.
    auto const kind = tx.one<Kind>(
        "SELECT kind FROM conversations WHERE workspace_id = $1 AND id = $2", conversation);
    return {kind == Kind::external, find_joined_offset(tx, conversation, person)};
}

}
