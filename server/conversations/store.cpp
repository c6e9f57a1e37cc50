#include "conversations/store.hpp"

#include "base/errors.hpp"
#include "conversations/cursors.hpp"
#include "people/merging.hpp"

namespace hermod::conversations {

void insert_conversation(db::Tx& tx, ConversationRow const& row)
{
    tx.run(R"sql(
        INSERT INTO conversations
            (workspace_id, id, kind, title, account_id, unique_key, history, created_at, deleted_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL))sql",
        row.id, row.kind, row.title, row.account_id, row.unique_key, row.history, row.created_at);
}

std::optional<ConversationRow> find_conversation(db::Tx const& tx, ConversationId const& id)
{
    return tx.one<ConversationRow>(R"sql(
        SELECT {columns} FROM conversations
        WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL)sql",
        id);
}

std::optional<AccountId> find_account_of(db::Tx const& tx, ConversationId const& id)
{
    return tx
        .one<std::optional<AccountId>>(
            "SELECT account_id FROM conversations WHERE workspace_id = $1 AND id = $2", id)
        .value_or(std::nullopt);
}

std::optional<ConversationId> find_by_unique_key(db::Tx const& tx, std::string_view key)
{
    return tx.one<ConversationId>(R"sql(
        SELECT id FROM conversations
        WHERE workspace_id = $1 AND unique_key = $2)sql",
        key);
}

void update_settings(
    db::Tx& tx, ConversationId const& id, std::optional<std::string> const& title, History history)
{
    tx.run("UPDATE conversations SET title = $3, history = $4 WHERE workspace_id = $1 AND id = $2",
        id, title, history);
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

/// A conversation, its head, and the own side of the viewer $2; $3 is 1 for one outside the team.
#define HERMOD_SELECT_VIEWS                                                                        \
    "SELECT c.id, c.kind, c.title, c.account_id, h.seq, h.rev, h.last_offset, h.activity_offset,"  \
    " c.history, c.created_at, h.updated_at," HERMOD_UNREAD ","                                    \
    " (SELECT COUNT(DISTINCT x.seq) FROM mentions x WHERE x.workspace_id = $1"                     \
    " AND x.conversation_id = h.conversation_id AND x.seq > k.read_seq AND x.person_id IN ("       \
    "SELECT i.id FROM people i WHERE i.workspace_id = $1 AND i.id = $2 UNION ALL"                  \
    " SELECT i.id FROM people i WHERE i.workspace_id = $1 AND i.merged_into = $2)"                 \
    " AND ($3 = 0 OR NOT EXISTS (SELECT 1 FROM uncounted n WHERE n.workspace_id = $1"              \
    " AND n.conversation_id = x.conversation_id AND n.seq = x.seq))),"                             \
    " k.marked_unread, k.archived, k.pinned, k.muted_until"

std::optional<ViewRow> find_view(db::Tx const& tx, ConversationId const& id, Viewer const& viewer)
{
    return tx.one<ViewRow>(HERMOD_SELECT_VIEWS R"sql(
        FROM conversations c
        JOIN conversation_heads h ON h.workspace_id = c.workspace_id AND h.conversation_id = c.id
        )sql" HERMOD_JOIN_CURSORS R"sql(
        WHERE c.workspace_id = $1 AND c.id = $4 AND c.deleted_at IS NULL)sql",
        viewer.person, viewer.team ? 0 : 1, id);
}

std::vector<ViewRow> list_views(db::Tx const& tx, ViewFilter const& filter)
{
    return tx.all<ViewRow>(HERMOD_SELECT_VIEWS R"sql(
        FROM conversation_heads h
        JOIN conversations c ON c.workspace_id = h.workspace_id AND c.id = h.conversation_id
        )sql" HERMOD_JOIN_CURSORS R"sql(
        WHERE h.workspace_id = $1 AND c.deleted_at IS NULL
          AND ($4 = 1 OR k.person_id IS NOT NULL OR (c.kind = 'external' AND $3 = 0))
          AND ($5 IS NULL OR c.kind = $5) AND ($6 IS NULL OR c.account_id = $6)
          AND ($7 IS NULL OR EXISTS (SELECT 1 FROM participants o WHERE o.workspace_id = $1
                AND o.conversation_id = c.id AND o.person_id = $7))
          AND ($8 IS NULL OR h.activity_offset < $8)
        ORDER BY h.activity_offset DESC LIMIT $9)sql",
        filter.viewer.person, filter.viewer.team ? 0 : 1, filter.all ? 1 : 0, filter.kind,
        filter.account_id, filter.person_id, filter.before, filter.limit);
}

void insert_participant(db::Tx& tx, ConversationId const& conversation,
    Participant const& participant, std::int64_t joined_offset)
{
    tx.run(R"sql(
        INSERT INTO participants (workspace_id, conversation_id, person_id, role, joined_seq,
            joined_offset, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7))sql",
        conversation, participant.person_id, participant.role, participant.joined_seq,
        joined_offset, tx.now());
    insert_cursors(
        tx, conversation, {participant.person_id, participant.recv_seq, participant.read_seq});
    tx.run(R"sql(
        DELETE FROM departures
        WHERE workspace_id = $1 AND person_id = $2 AND conversation_id = $3)sql",
        participant.person_id, conversation);
}

#define HERMOD_SELECT_PARTICIPANTS                                                                 \
    "SELECT p.person_id, p.role, p.joined_seq, k.recv_seq, k.read_seq"                             \
    " FROM participants p JOIN cursors k ON k.workspace_id = p.workspace_id"                       \
    " AND k.conversation_id = p.conversation_id AND k.person_id = p.person_id"                     \
    " WHERE p.workspace_id = $1 AND p.conversation_id = $2 "

std::optional<Participant> find_participant(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    return tx.one<Participant>(
        HERMOD_SELECT_PARTICIPANTS "AND p.person_id = $3", conversation, person);
}

std::vector<Participant> participants_of(db::Tx const& tx, ConversationId const& conversation)
{
    return tx.all<Participant>(
        HERMOD_SELECT_PARTICIPANTS "ORDER BY p.created_at, p.person_id", conversation);
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
    return tx.one<std::int64_t>(R"sql(
        SELECT joined_seq FROM participants
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, person);
}

void require_participants(
    db::Tx const& tx, ConversationId const& conversation, std::span<PersonId const> people)
{
    for (auto const& person : people)
        if (!joined_seq(tx, conversation, person))
            throw Problem{Errc::participant_not_found};
}

/// The person an external conversation was opened with, as they are now.
static std::optional<PersonId> opened_with(db::Tx const& tx, ConversationId const& conversation)
{
    auto const row = find_conversation(tx, conversation);
    if (!row || row->kind != Kind::external || !row->unique_key)
        return std::nullopt;
    auto const person = PersonId::parse(row->unique_key->substr(row->unique_key->rfind(':') + 1));
    return person ? std::optional{people::survivor_of(tx, *person)} : std::nullopt;
}

std::vector<PersonId> list_contacts(db::Tx const& tx, ConversationId const& conversation)
{
    auto contacts = tx.all<PersonId>(R"sql(
        SELECT p.person_id FROM participants p
        JOIN people h ON h.workspace_id = p.workspace_id AND h.id = p.person_id
        WHERE p.workspace_id = $1 AND p.conversation_id = $2 AND h.kind IN ('contact', 'user')
          AND h.deleted_at IS NULL
        ORDER BY p.created_at, p.person_id)sql",
        conversation);
    // A contact who was merged into a member is still who writes there.
    if (contacts.empty())
        if (auto const person = opened_with(tx, conversation);
            person && joined_seq(tx, conversation, *person))
            contacts.push_back(*person);
    return contacts;
}

void update_participant(db::Tx& tx, ConversationId const& conversation,
    Participant const& participant, std::int64_t joined_offset)
{
    tx.run(R"sql(
        UPDATE participants SET role = $4, joined_seq = $5, joined_offset = $6
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, participant.person_id, participant.role, participant.joined_seq,
        joined_offset);
    tx.run(R"sql(
        UPDATE cursors SET recv_seq = $4, read_seq = $5
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, participant.person_id, participant.recv_seq, participant.read_seq);
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
    delete_cursors(tx, conversation, person);
}

std::int64_t count_participants(db::Tx const& tx, ConversationId const& conversation)
{
    return *tx.one<std::int64_t>(R"sql(
        SELECT COUNT(*) FROM participants WHERE workspace_id = $1 AND conversation_id = $2)sql",
        conversation);
}

}
