#include "base/errors.hpp"
#include "conversations/store.hpp"

#include <charconv>

namespace hermod::conversations {

Conversation view_of(db::Tx const& tx, ViewRow const& row, PersonId const& viewer)
{
    auto const unread = row.read_seq
        ? std::optional{count_unread(tx, row.id, viewer, *row.read_seq)}
        : std::nullopt;
    return {row.id, row.kind, row.title, row.account_id, row.seq, row.rev, unread, row.created_at,
        row.updated_at};
}

Standing require_visible(db::Tx const& tx, Caller const& caller, ConversationId const& conversation)
{
    auto standing = find_standing(tx, conversation, caller.person);
    auto const visible = standing
        && (caller.kind == Caller::Kind::api_key || standing->role
            || standing->kind == Kind::external);
    if (!visible)
        throw Problem{Errc::conversation_not_found};
    return *std::move(standing);
}

Task<Conversation> get_conversation(Deps& deps, Caller const& caller, ConversationId const& id)
{
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        require_visible(tx, caller, id);
        return view_of(tx, *find_view(tx, id, caller.person), caller.person);
    });
}

static std::optional<std::int64_t> offset_of(std::optional<Text<1, 512>> const& cursor)
{
    if (!cursor)
        return std::nullopt;
    auto const fields = net::decode_cursor(cursor->value);
    std::int64_t offset = 0;
    if (!fields || fields->size() != 1)
        throw Problem{Errc::invalid_cursor};
    auto const& text = fields->front();
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), offset);
    if (error != std::errc{} || end != text.data() + text.size())
        throw Problem{Errc::invalid_cursor};
    return offset;
}

Task<net::Page<Conversation>> list_conversations(
    Deps& deps, Caller const& caller, ListConversations const& query)
{
    auto const limit = query.limit.value.value;
    ViewFilter const filter{
        .viewer = caller.person,
        .all = caller.kind == Caller::Kind::api_key,
        .kind = query.kind,
        .account_id = query.account_id,
        .person_id = query.person_id,
        .before = offset_of(query.cursor),
        .limit = limit + 1,
    };
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        net::Page<Conversation> page;
        std::int64_t last = 0;
        for (auto const& row : list_views(tx, filter)) {
            if (static_cast<std::int64_t>(page.data.size()) == limit) {
                page.next = net::encode_cursor({std::to_string(last)});
                break;
            }
            last = row.last_offset;
            page.data.push_back(view_of(tx, row, caller.person));
        }
        return page;
    });
}

events::Membership::Standing LogMembership::standing(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person) const
{
    auto const row = find_conversation(tx, conversation);
    return {row && row->kind == Kind::external, find_joined_offset(tx, conversation, person)};
}

}
