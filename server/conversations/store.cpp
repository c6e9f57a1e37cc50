#include "conversations/store.hpp"

namespace hermod::conversations {

void insert_conversation(db::Tx& tx, ConversationRow const& row)
{
    tx.run(R"sql(
        INSERT INTO conversations
            (workspace_id, id, kind, title, account_id, unique_key, created_at, deleted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, NULL))sql",
        row.id, row.kind, row.title, row.account_id, row.unique_key, row.created_at);
}

std::optional<ConversationRow> find_conversation(db::Tx const& tx, ConversationId const& id)
{
    return tx.one<ConversationRow>(R"sql(
        SELECT {columns} FROM conversations
        WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL)sql",
        id);
}

std::optional<ConversationId> find_by_unique_key(db::Tx const& tx, std::string_view key)
{
    return tx.one<ConversationId>(R"sql(
        SELECT id FROM conversations
        WHERE workspace_id = $1 AND unique_key = $2)sql",
        key);
}

void update_title(db::Tx& tx, ConversationId const& id, std::optional<std::string> const& title)
{
    tx.run("UPDATE conversations SET title = $3 WHERE workspace_id = $1 AND id = $2", id, title);
}

void mark_deleted(db::Tx& tx, ConversationId const& id)
{
    tx.run(R"sql(
        UPDATE conversations SET deleted_at = $3, title = NULL, unique_key = NULL
        WHERE workspace_id = $1 AND id = $2)sql",
        id, tx.now());
}

std::optional<Standing> find_standing(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    using Row = std::tuple<Kind, std::optional<AccountId>, std::optional<ParticipantRole>,
        std::optional<std::string>>;
    auto row = tx.one<Row>(R"sql(
        SELECT c.kind, c.account_id, p.role, h.name
        FROM conversations c
        LEFT JOIN participants p ON p.workspace_id = c.workspace_id
            AND p.conversation_id = c.id AND p.person_id = $3
        LEFT JOIN people h ON h.workspace_id = c.workspace_id AND h.id = $3
        WHERE c.workspace_id = $1 AND c.id = $2 AND c.deleted_at IS NULL)sql",
        conversation, person);
    if (!row)
        return std::nullopt;
    auto& [kind, account, role, name] = *row;
    return Standing{kind, account, role, std::move(name)};
}

std::optional<ViewRow> find_view(db::Tx const& tx, ConversationId const& id, PersonId const& viewer)
{
    return tx.one<ViewRow>(R"sql(
        SELECT c.id, c.kind, c.title, c.account_id, h.seq, h.rev, h.last_offset, p.read_seq,
            c.created_at, h.updated_at
        FROM conversations c
        JOIN conversation_heads h ON h.workspace_id = c.workspace_id AND h.conversation_id = c.id
        LEFT JOIN participants p ON p.workspace_id = c.workspace_id
            AND p.conversation_id = c.id AND p.person_id = $3
        WHERE c.workspace_id = $1 AND c.id = $2 AND c.deleted_at IS NULL)sql",
        id, viewer);
}

std::vector<ViewRow> list_views(db::Tx const& tx, ViewFilter const& filter)
{
    return tx.all<ViewRow>(R"sql(
        SELECT c.id, c.kind, c.title, c.account_id, h.seq, h.rev, h.last_offset, p.read_seq,
            c.created_at, h.updated_at
        FROM conversation_heads h
        JOIN conversations c ON c.workspace_id = h.workspace_id AND c.id = h.conversation_id
        LEFT JOIN participants p ON p.workspace_id = c.workspace_id
            AND p.conversation_id = c.id AND p.person_id = $2
        WHERE h.workspace_id = $1 AND c.deleted_at IS NULL
          AND ($3 = 1 OR p.person_id IS NOT NULL OR c.kind = 'external')
          AND ($4 IS NULL OR c.kind = $4) AND ($5 IS NULL OR c.account_id = $5)
          AND ($6 IS NULL OR EXISTS (SELECT 1 FROM participants o WHERE o.workspace_id = $1
                AND o.conversation_id = c.id AND o.person_id = $6))
          AND ($7 IS NULL OR h.last_offset < $7)
        ORDER BY h.last_offset DESC LIMIT $8)sql",
        filter.viewer, filter.all ? 1 : 0, filter.kind, filter.account_id, filter.person_id,
        filter.before, filter.limit);
}

std::int64_t count_unread(db::Tx const& tx, ConversationId const& conversation,
    PersonId const& person, std::int64_t read_seq)
{
    return *tx.one<std::int64_t>(R"sql(
        SELECT COUNT(*) FROM messages
        WHERE workspace_id = $1 AND conversation_id = $2 AND seq > $3 AND author_id <> $4
          AND deleted_at IS NULL)sql",
        conversation, read_seq, person);
}

void insert_participant(db::Tx& tx, ConversationId const& conversation,
    Participant const& participant, std::int64_t joined_offset)
{
    tx.run(R"sql(
        INSERT INTO participants (workspace_id, conversation_id, person_id, role, joined_seq,
            joined_offset, recv_seq, read_seq, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql",
        conversation, participant.person_id, participant.role, participant.joined_seq,
        joined_offset, participant.recv_seq, participant.read_seq, tx.now());
}

std::optional<Participant> find_participant(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    return tx.one<Participant>(R"sql(
        SELECT {columns} FROM participants
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, person);
}

std::optional<std::int64_t> find_joined_offset(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    return tx.one<std::int64_t>(R"sql(
        SELECT joined_offset FROM participants
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, person);
}

std::optional<std::int64_t> joined_seq(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    auto const participant = find_participant(tx, conversation, person);
    return participant ? std::optional{participant->joined_seq} : std::nullopt;
}

std::vector<Participant> list_participants(db::Tx const& tx, ConversationId const& conversation)
{
    return tx.all<Participant>(R"sql(
        SELECT {columns} FROM participants
        WHERE workspace_id = $1 AND conversation_id = $2
        ORDER BY created_at, person_id)sql",
        conversation);
}

std::vector<PersonId> list_contacts(db::Tx const& tx, ConversationId const& conversation)
{
    return tx.all<PersonId>(R"sql(
        SELECT p.person_id FROM participants p
        JOIN people h ON h.workspace_id = p.workspace_id AND h.id = p.person_id
        WHERE p.workspace_id = $1 AND p.conversation_id = $2 AND h.kind IN ('contact', 'user')
        ORDER BY p.created_at, p.person_id)sql",
        conversation);
}

void update_role(
    db::Tx& tx, ConversationId const& conversation, PersonId const& person, ParticipantRole role)
{
    tx.run(R"sql(
        UPDATE participants SET role = $4
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, person, role);
}

void delete_participant(db::Tx& tx, ConversationId const& conversation, PersonId const& person)
{
    tx.run(R"sql(
        DELETE FROM participants
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, person);
}

std::int64_t count_participants(db::Tx const& tx, ConversationId const& conversation)
{
    return *tx.one<std::int64_t>(R"sql(
        SELECT COUNT(*) FROM participants WHERE workspace_id = $1 AND conversation_id = $2)sql",
        conversation);
}

}
