#include "messages/store.hpp"

#include <algorithm>

namespace hermod::messages {

/// A row's columns with its author's name; every SELECT of messages below begins so. The author of
/// what a merged person wrote is who they were merged into.
#define HERMOD_SELECT_MESSAGES                                                                     \
    "SELECT m.id, m.conversation_id, m.seq, m.created_rev, m.rev,"                                 \
    " COALESCE(h.merged_into, m.author_id),"                                                       \
    " CASE WHEN h.merged_into IS NOT NULL THEN m.author_id END,"                                   \
    " CASE WHEN h.merged_into IS NULL THEN h.name ELSE s.name END,"                                \
    " m.direction, m.account_id, m.provider_id, m.from_address, m.recipients, m.type, m.content,"  \
    " m.subject, m.status, m.error, m.visibility, m.client_id, m.reply_to, m.forwarded_from,"      \
    " m.silent, m.mentions, m.reactions, m.metadata, m.log_offset, m.later_offsets,"               \
    " m.created_at, m.send_at, m.edited_at, m.pinned_at, m.deleted_at"                             \
    " FROM messages m"                                                                             \
    " LEFT JOIN people h ON h.workspace_id = m.workspace_id AND h.id = m.author_id"                \
    " LEFT JOIN people s ON s.workspace_id = h.workspace_id AND s.id = h.merged_into"              \
    " WHERE m.workspace_id = $1 "

Message to_message(MessageRow const& row)
{
    Message message{
        .id = row.id,
        .conversation_id = row.conversation_id,
        .seq = row.seq,
        .rev = row.rev,
        .direction = row.direction,
        .account_id = row.account_id,
        .provider_id = row.provider_id,
        .from = {row.author_id, row.from_address, row.author_name},
        .written_as = row.written_as,
        .to = {},
        .type = row.type,
        .content = {row.content},
        .subject = row.subject,
        .status = row.status,
        .error = {},
        .visibility = row.visibility,
        .client_id = row.client_id,
        .reply_to = row.reply_to,
        .forwarded_from = row.forwarded_from,
        .mentions = {},
        .reactions = {},
        .silent = row.silent,
        .metadata = {row.metadata},
        .created_at = row.created_at,
        .send_at = row.send_at,
        .edited_at = row.edited_at,
        .pinned_at = row.pinned_at,
        .deleted_at = row.deleted_at,
    };
    if (row.mentions)
        message.mentions = read_stored_json<std::vector<PersonId>>(*row.mentions);
    if (row.reactions)
        message.reactions = read_stored_json<std::vector<Reaction>>(*row.reactions);
    if (row.recipients)
        message.to = read_stored_json<std::vector<Party>>(*row.recipients);
    if (row.error)
        message.error = read_stored_json<MessageError>(*row.error);
    return message;
}

void insert_message(db::Tx& tx, MessageRow const& row)
{
    tx.run(R"sql(
        INSERT INTO messages (workspace_id, conversation_id, seq, id, created_rev, rev, author_id,
            direction, account_id, provider_id, from_address, recipients, type, content, subject,
            status, error, visibility, client_id, reply_to, forwarded_from, silent, mentions,
            reactions, metadata, log_offset, later_offsets, created_at, send_at, edited_at,
            pinned_at, deleted_at)
        VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, NULL, $16,
            $17, $18, $19, $20, $21, NULL, $22, $23, NULL, $24, $25, NULL, NULL, NULL))sql",
        row.conversation_id, row.seq, row.id, row.rev, row.author_id, row.direction, row.account_id,
        row.provider_id, row.from_address, row.recipients, row.type, row.content, row.subject,
        row.status, row.visibility, row.client_id, row.reply_to, row.forwarded_from, row.silent,
        row.mentions, row.metadata, row.log_offset, row.created_at, row.send_at);
}

std::optional<MessageRow> find_message(db::Tx const& tx, MessageId const& id)
{
    return tx.one<MessageRow>(HERMOD_SELECT_MESSAGES "AND m.id = $2", id);
}

std::optional<MessageRow> find_by_provider_id(
    db::Tx const& tx, AccountId const& account, std::string_view provider_id)
{
    return tx.one<MessageRow>(HERMOD_SELECT_MESSAGES "AND m.account_id = $2 AND m.provider_id = $3",
        account, provider_id);
}

// $3 is the floor, $4 1 where internal notes are seen; what is pinned has a text of its own, so
// that its index is used.
#define HERMOD_IN_SIGHT                                                                            \
    "AND m.conversation_id = $2 AND m.seq > $3 AND ($4 = 1 OR m.visibility = 'all') "

std::vector<MessageRow> list_before(
    db::Tx const& tx, Sight const& sight, std::int64_t seq, std::int64_t limit)
{
    auto const internal = sight.internal ? 1 : 0;
    if (sight.pinned)
        return tx.all<MessageRow>(HERMOD_SELECT_MESSAGES HERMOD_IN_SIGHT
            "AND m.pinned_at IS NOT NULL AND m.seq < $5 ORDER BY m.seq DESC LIMIT $6",
            sight.conversation, sight.floor, internal, seq, limit);
    return tx.all<MessageRow>(HERMOD_SELECT_MESSAGES HERMOD_IN_SIGHT
        "AND m.seq < $5 ORDER BY m.seq DESC LIMIT $6",
        sight.conversation, sight.floor, internal, seq, limit);
}

std::vector<MessageRow> list_after(
    db::Tx const& tx, Sight const& sight, std::int64_t seq, std::int64_t limit)
{
    auto const internal = sight.internal ? 1 : 0;
    auto const after = std::max(seq, sight.floor);
    if (sight.pinned)
        return tx.all<MessageRow>(HERMOD_SELECT_MESSAGES HERMOD_IN_SIGHT
            "AND m.pinned_at IS NOT NULL ORDER BY m.seq LIMIT $5",
            sight.conversation, after, internal, limit);
    return tx.all<MessageRow>(HERMOD_SELECT_MESSAGES HERMOD_IN_SIGHT "ORDER BY m.seq LIMIT $5",
        sight.conversation, after, internal, limit);
}

std::int64_t seq_at_rev(
    db::Tx const& tx, ConversationId const& id, std::int64_t newest, std::int64_t rev)
{
    // created_rev rises with seq, and seq has no gaps: a binary search, in one statement. Looked up
    // by scalar subqueries, which cannot be planned as a join with the whole conversation.
#define HERMOD_MIDDLE "(s.low + s.high + 1) / 2"
#define HERMOD_MIDDLE_WAS_THERE                                                                    \
    "(SELECT m.created_rev FROM messages m WHERE m.workspace_id = $1"                              \
    " AND m.conversation_id = $2 AND m.seq = " HERMOD_MIDDLE ") <= $4"
    return *tx.one<std::int64_t>(
        "WITH RECURSIVE search(low, high) AS ("
        "SELECT CAST(0 AS BIGINT), CAST($3 AS BIGINT) UNION ALL SELECT"
        " CASE WHEN " HERMOD_MIDDLE_WAS_THERE " THEN " HERMOD_MIDDLE " ELSE s.low END,"
        " CASE WHEN " HERMOD_MIDDLE_WAS_THERE " THEN s.high ELSE " HERMOD_MIDDLE " - 1 END"
        " FROM search s WHERE s.low < s.high)"
        " SELECT low FROM search WHERE low = high",
        id, newest, rev);
#undef HERMOD_MIDDLE
#undef HERMOD_MIDDLE_WAS_THERE
}

std::vector<MessageRow> list_changed(
    db::Tx const& tx, Sight const& sight, std::int64_t rev, std::int64_t limit)
{
    return tx.all<MessageRow>(HERMOD_SELECT_MESSAGES HERMOD_IN_SIGHT
        "AND m.rev > m.created_rev AND m.rev > $5 AND m.created_rev <= $5 ORDER BY m.rev LIMIT $6",
        sight.conversation, sight.floor, sight.internal ? 1 : 0, rev, limit);
}

std::int64_t count_pinned(db::Tx const& tx, ConversationId const& id)
{
    return *tx.one<std::int64_t>(R"sql(
        SELECT COUNT(*) FROM messages
        WHERE workspace_id = $1 AND conversation_id = $2 AND pinned_at IS NOT NULL)sql",
        id);
}

std::vector<MessageRow> list_log(
    db::Tx const& tx, ListMessageLog const& filter, std::int64_t before, std::int64_t limit)
{
    return tx.all<MessageRow>(HERMOD_SELECT_MESSAGES
        "AND m.direction IS NOT NULL"
        " AND m.log_offset < $2 AND ($3 IS NULL OR m.status = $3)"
        " AND ($4 IS NULL OR m.direction = $4) AND ($5 IS NULL OR m.account_id = $5)"
        " AND ($6 IS NULL OR m.conversation_id = $6)"
        " ORDER BY m.log_offset DESC LIMIT $7",
        before, filter.status, filter.direction, filter.account_id, filter.conversation_id, limit);
}

void update_message(db::Tx& tx, MessageRow const& row)
{
    tx.run(R"sql(
        UPDATE messages SET status = $4, error = $5, provider_id = $6, rev = $7, content = $8,
            subject = $9, metadata = $10, mentions = $11, reactions = $12, later_offsets = $13,
            edited_at = $14, pinned_at = $15, deleted_at = $16
        WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $3)sql",
        row.conversation_id, row.seq, row.status, row.error, row.provider_id, row.rev, row.content,
        row.subject, row.metadata, row.mentions, row.reactions, row.later_offsets, row.edited_at,
        row.pinned_at, row.deleted_at);
}

void insert_edit(db::Tx& tx, MessageId const& message, EditRow const& edit)
{
    tx.run(R"sql(
        INSERT INTO message_edits
            (workspace_id, message_id, n, content, written_at, replaced_at, replaced_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7))sql",
        message, edit.n, edit.content, edit.written_at, edit.replaced_at, edit.replaced_by);
}

std::vector<EditRow> list_edits(db::Tx const& tx, MessageId const& message)
{
    return tx.all<EditRow>(R"sql(
        SELECT {columns} FROM message_edits
        WHERE workspace_id = $1 AND message_id = $2 ORDER BY n)sql",
        message);
}

void delete_edits(db::Tx& tx, MessageId const& message)
{
    tx.run("DELETE FROM message_edits WHERE workspace_id = $1 AND message_id = $2", message);
}

std::optional<MessageKey> find_key(
    db::Tx const& tx, PersonId const& author, std::string_view client_id)
{
    auto const row = tx.one<std::tuple<MessageId, Digest>>(R"sql(
        SELECT message_id, body_hash FROM message_keys
        WHERE workspace_id = $1 AND author_id = $2 AND client_id = $3)sql",
        author, client_id);
    if (!row)
        return std::nullopt;
    return MessageKey{std::get<0>(*row), std::get<1>(*row)};
}

void insert_key(db::Tx& tx, PersonId const& author, std::string_view client_id,
    MessageId const& message, Digest const& body_hash)
{
    tx.run(R"sql(
        INSERT INTO message_keys
            (workspace_id, author_id, client_id, message_id, body_hash, created_at)
        VALUES ($1, $2, $3, $4, $5, $6))sql",
        author, client_id, message, body_hash, tx.now());
}

std::int64_t delete_old_keys(db::Tx& tx, Timestamp before, std::int64_t limit)
{
    // Found in the index by age and deleted one by one: a row-value IN would walk all of an
    // author's.
    auto const old = tx.all<std::tuple<PersonId, std::string>>(R"sql(
        SELECT author_id, client_id FROM message_keys
        WHERE workspace_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)sql",
        before, limit);
    for (auto const& [author, client_id] : old)
        tx.run(R"sql(
            DELETE FROM message_keys
            WHERE workspace_id = $1 AND author_id = $2 AND client_id = $3)sql",
            author, client_id);
    return static_cast<std::int64_t>(old.size());
}

void insert_attempt(db::Tx& tx, MessageId const& message, AttemptRow const& attempt)
{
    tx.run(R"sql(
        INSERT INTO attempts (workspace_id, message_id, n, started_at, duration_ms, outcome, error)
        VALUES ($1, $2, $3, $4, $5, $6, $7))sql",
        message, attempt.n, attempt.started_at, attempt.duration_ms, attempt.outcome,
        attempt.error);
}

std::vector<AttemptRow> list_attempts(db::Tx const& tx, MessageId const& message)
{
    return tx.all<AttemptRow>(R"sql(
        SELECT {columns} FROM attempts WHERE workspace_id = $1 AND message_id = $2 ORDER BY n)sql",
        message);
}

std::int64_t next_attempt(db::Tx const& tx, MessageId const& message)
{
    return *tx.one<std::int64_t>(R"sql(
        SELECT COALESCE(MAX(n), 0) + 1 FROM attempts
        WHERE workspace_id = $1 AND message_id = $2)sql",
        message);
}

std::optional<Timestamp> last_attempt_at(db::Tx const& tx, MessageId const& message)
{
    return *tx.one<std::optional<Timestamp>>(
        "SELECT MAX(started_at) FROM attempts WHERE workspace_id = $1 AND message_id = $2",
        message);
}

std::optional<SeenInput> find_input(db::Tx const& tx, AccountId const& account,
    std::string_view provider_id, std::string_view kind, std::string_view status)
{
    auto const row = tx.one<std::optional<MessageId>>(R"sql(
        SELECT message_id FROM provider_inputs
        WHERE workspace_id = $1 AND account_id = $2 AND provider_id = $3 AND kind = $4
          AND status = $5)sql",
        account, provider_id, kind, status);
    return row ? std::optional{SeenInput{*row}} : std::nullopt;
}

void insert_input(db::Tx& tx, AccountId const& account, std::string_view provider_id,
    std::string_view kind, std::string_view status, std::optional<MessageId> const& message)
{
    tx.run(R"sql(
        INSERT INTO provider_inputs
            (workspace_id, account_id, provider_id, kind, status, message_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7))sql",
        account, provider_id, kind, status, message, tx.now());
}

std::int64_t delete_old_inputs(db::Tx& tx, Timestamp before, std::int64_t limit)
{
    using Key = std::tuple<AccountId, std::string, std::string, std::string>;
    auto const old = tx.all<Key>(R"sql(
        SELECT account_id, provider_id, kind, status FROM provider_inputs
        WHERE workspace_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)sql",
        before, limit);
    for (auto const& [account, provider_id, kind, status] : old)
        tx.run(R"sql(
            DELETE FROM provider_inputs
            WHERE workspace_id = $1 AND account_id = $2 AND provider_id = $3 AND kind = $4
              AND status = $5)sql",
            account, provider_id, kind, status);
    return static_cast<std::int64_t>(old.size());
}

std::vector<std::string> list_references(
    db::Tx const& tx, ConversationId const& conversation, std::int64_t seq, std::int64_t limit)
{
    auto ids = tx.all<std::string>(R"sql(
        SELECT provider_id FROM messages
        WHERE workspace_id = $1 AND conversation_id = $2 AND seq < $3 AND provider_id IS NOT NULL
        ORDER BY seq DESC LIMIT $4)sql",
        conversation, seq, limit);
    std::ranges::reverse(ids);
    return ids;
}

std::optional<std::string> find_subject_before(
    db::Tx const& tx, ConversationId const& conversation, std::int64_t seq)
{
    return tx.one<std::string>(R"sql(
        SELECT subject FROM (
            SELECT seq, subject FROM messages
            WHERE workspace_id = $1 AND conversation_id = $2 AND seq < $3
            ORDER BY seq DESC LIMIT 50) recent
        WHERE subject IS NOT NULL ORDER BY seq DESC LIMIT 1)sql",
        conversation, seq);
}

std::optional<std::string> last_address_of(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    return tx.one<std::string>(R"sql(
        SELECT from_address FROM messages
        WHERE workspace_id = $1 AND conversation_id = $2 AND direction = 'inbound'
          AND author_id IN (SELECT id FROM people
                WHERE workspace_id = $1 AND (id = $3 OR merged_into = $3))
        ORDER BY seq DESC LIMIT 1)sql",
        conversation, person);
}

}
