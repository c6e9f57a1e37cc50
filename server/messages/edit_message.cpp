#include "base/errors.hpp"
#include "messages/append.hpp"
#include "messages/mentions.hpp"
#include "messages/sight.hpp"

namespace hermod::messages {

/// Versions of one message; who edits more often means something else.
static constexpr std::int64_t most_edits = 1000;

/// Its author, or a program that may write in others' names.
static void require_may_edit(Caller const& caller, MessageRow const& row)
{
    if (row.author_id != caller.person
        && !(caller.kind == Caller::Kind::api_key && caller.has_scope("messages:send_as")))
        throw Problem{Errc::forbidden, "only its author may edit a message"};
    // What waits to be sent, at a later time perhaps, can still be changed.
    if (is_external(row) && row.status != Status::queued)
        throw Problem{Errc::not_editable, "the message has left for its network"};
}

static Content content_of(EditMessage const& command, Type type)
{
    auto const text =
        command.text ? std::optional<std::string_view>{command.text->value} : std::nullopt;
    auto const content =
        command.content ? std::optional<std::string_view>{command.content->text} : std::nullopt;
    return read_content(text, type, content);
}

static void keep_version(db::Tx& tx, Caller const& caller, MessageRow const& row)
{
    auto const earlier = list_edits(tx, row.id);
    auto const n = static_cast<std::int64_t>(earlier.size()) + 1;
    if (n > most_edits)
        throw Problem{Errc::limit_reached, "a message can be edited 1,000 times"};
    insert_edit(tx, row.id,
        {n, row.content, row.edited_at.value_or(row.created_at), tx.now(), caller.person});
}

Task<Message> edit_message(
    Deps& deps, Caller const& caller, MessageId const& id, EditMessage const& command)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto row = require_present(tx, caller, id);
        require_may_edit(caller, row);
        auto const content = content_of(command, row.type);
        if (row.account_id)
            require_carries(deps.connectors, accounts::require_account(tx, *row.account_id),
                content, row.subject.has_value());
        auto const mentions = command.mentions
            ? read_mentions(tx, row.conversation_id, row.author_id, *command.mentions)
            : mentions_of(row);
        if (content.json == row.content && mentions == mentions_of(row))
            return to_message(row);
        keep_version(tx, caller, row);
        if (mentions != mentions_of(row))
            replace_mentions(tx, row, mentions);
        row.content = content.json;
        row.edited_at = tx.now();
        write_change(tx, row, [&](Message const& message, events::About const& about) {
            return events::append(tx, message_updated, {message}, about);
        });
        return to_message(row);
    });
}

Task<net::Page<Edit>> list_edits(Deps& deps, Caller const& caller, MessageId const& id)
{
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        require_visible(tx, caller, id);
        net::Page<Edit> page;
        for (auto const& row : list_edits(tx, id))
            page.data.push_back(
                {row.n, {row.content}, row.written_at, row.replaced_at, row.replaced_by});
        return page;
    });
}

}
