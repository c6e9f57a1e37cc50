#include "conversations/cursors.hpp"

#include "people/merging.hpp"

namespace hermod::conversations {

void insert_cursors(db::Tx& tx, ConversationId const& conversation, Receipt const& cursors)
{
    tx.run(R"sql(
        INSERT INTO cursors (workspace_id, conversation_id, person_id, recv_seq, read_seq,
            marked_unread, archived, pinned, muted_until, changed_offset)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $6, NULL, 0))sql",
        conversation, cursors.person_id, cursors.recv_seq, cursors.read_seq, false);
}

std::optional<CursorRow> find_cursors(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    return tx.one<CursorRow>(R"sql(
        SELECT {columns} FROM cursors
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, person);
}

void update_cursors(db::Tx& tx, ConversationId const& conversation, CursorRow const& row)
{
    tx.run(R"sql(
        UPDATE cursors SET recv_seq = $4, read_seq = $5, marked_unread = $6, archived = $7,
            pinned = $8, muted_until = $9
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, row.person_id, row.recv_seq, row.read_seq, row.marked_unread, row.archived,
        row.pinned, row.muted_until);
}

void advance_author(
    db::Tx& tx, ConversationId const& conversation, PersonId const& author, std::int64_t seq)
{
    tx.run(R"sql(
        UPDATE cursors SET recv_seq = $4, read_seq = $4
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, author, seq);
}

void note_own_change(
    db::Tx& tx, ConversationId const& conversation, PersonId const& person, std::int64_t offset)
{
    tx.run(R"sql(
        UPDATE cursors SET changed_offset = $4
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, person, offset);
}

void delete_cursors(db::Tx& tx, ConversationId const& conversation, PersonId const& person)
{
    tx.run(R"sql(
        DELETE FROM cursors
        WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
        conversation, person);
}

void insert_departure(db::Tx& tx, ConversationId const& conversation,
    Participant const& participant, std::int64_t offset)
{
    tx.run(R"sql(
        INSERT INTO departures (workspace_id, person_id, conversation_id, left_offset, read_seq)
        VALUES ($1, $2, $3, $4, $5))sql",
        participant.person_id, conversation, offset, participant.read_seq);
}

std::int64_t read_when_left(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    return tx
        .one<std::int64_t>(R"sql(
            SELECT read_seq FROM departures
            WHERE workspace_id = $1 AND person_id = $2 AND conversation_id = $3)sql",
            person, conversation)
        .value_or(0);
}

static constexpr std::int64_t range_size = 1024;

/// Adds to the counts of the range that holds `seq`.
static void count_range(db::Tx& tx, ConversationId const& conversation, std::int64_t seq,
    std::int64_t everybody, std::int64_t internal)
{
    tx.run(R"sql(
        INSERT INTO uncounted_ranges (workspace_id, conversation_id, n, everybody, internal)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (workspace_id, conversation_id, n) DO UPDATE SET
            everybody = uncounted_ranges.everybody + $4,
            internal = uncounted_ranges.internal + $5)sql",
        conversation, seq / range_size, everybody, internal);
}

void leave_out_of_unread(
    db::Tx& tx, ConversationId const& conversation, std::int64_t seq, Uncounted whom)
{
    auto const known = tx.one<std::int64_t>(R"sql(
        SELECT internal FROM uncounted
        WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $3)sql",
        conversation, seq);
    std::int64_t const internal = whom == Uncounted::outsiders ? 1 : 0;
    if (!known) {
        tx.run(R"sql(
            INSERT INTO uncounted (workspace_id, conversation_id, seq, internal)
            VALUES ($1, $2, $3, $4))sql",
            conversation, seq, internal);
        count_range(tx, conversation, seq, 1 - internal, internal);
    } else if (*known > internal) {
        tx.run(R"sql(
            UPDATE uncounted SET internal = 0
            WHERE workspace_id = $1 AND conversation_id = $2 AND seq = $3)sql",
            conversation, seq);
        count_range(tx, conversation, seq, 1, -1);
    }
}

void add_mentions(db::Tx& tx, ConversationId const& conversation, std::int64_t seq,
    std::span<PersonId const> people)
{
    for (auto const& person : people)
        tx.run(R"sql(
            INSERT INTO mentions (workspace_id, conversation_id, person_id, seq)
            VALUES ($1, $2, $3, $4))sql",
            conversation, person, seq);
}

void remove_mentions(db::Tx& tx, ConversationId const& conversation, std::int64_t seq,
    std::span<PersonId const> people)
{
    for (auto const& person : people)
        tx.run(R"sql(
            DELETE FROM mentions
            WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3 AND seq = $4)sql",
            conversation, person, seq);
}

void forget_mentions(db::Tx& tx, ConversationId const& conversation, PersonId const& person)
{
    for (auto const& id : people::ids_of(tx, person))
        tx.run(R"sql(
            DELETE FROM mentions
            WHERE workspace_id = $1 AND conversation_id = $2 AND person_id = $3)sql",
            conversation, id);
}

#define HERMOD_SELECT_CHANGED(offset)                                                              \
    "SELECT h.conversation_id, h.seq, h.rev, " offset                                              \
    ", c.deleted_at IS NOT NULL, c.account_id," HERMOD_UNREAD

#define HERMOD_JOIN_CONVERSATIONS                                                                  \
    " JOIN conversations c ON c.workspace_id = h.workspace_id AND c.id = h.conversation_id"

std::vector<ChangedRow> list_changed(
    db::Tx const& tx, PersonId const& viewer, std::int64_t after, std::int64_t limit)
{
    return tx.all<ChangedRow>(HERMOD_SELECT_CHANGED("h.last_offset") R"sql(
        FROM conversation_heads h )sql" HERMOD_JOIN_CONVERSATIONS HERMOD_JOIN_CURSORS R"sql(
        WHERE h.workspace_id = $1 AND h.last_offset > $4
          AND (k.changed_offset IS NULL OR k.changed_offset <= h.last_offset)
        ORDER BY h.last_offset LIMIT $5)sql",
        viewer, 0, after, limit);
}

std::vector<ChangedRow> list_external_changed(
    db::Tx const& tx, PersonId const& viewer, std::int64_t after, std::int64_t limit)
{
    return tx.all<ChangedRow>(HERMOD_SELECT_CHANGED("h.last_offset") R"sql(
        FROM conversation_heads h )sql" HERMOD_JOIN_CONVERSATIONS HERMOD_JOIN_CURSORS R"sql(
        WHERE h.workspace_id = $1 AND h.external AND h.last_offset > $4
          AND (k.changed_offset IS NULL OR k.changed_offset <= h.last_offset)
        ORDER BY h.last_offset LIMIT $5)sql",
        viewer, 0, after, limit);
}

/// More conversations of one person than this are not counted.
static constexpr std::int64_t many = 10000;

std::vector<ChangedRow> list_own_changed(db::Tx const& tx, Viewer const& viewer, std::int64_t after,
    std::int64_t head, std::int64_t limit)
{
    auto const outside = viewer.team ? 0 : 1;
    auto const own = *tx.one<std::int64_t>(R"sql(
        SELECT COUNT(*) FROM (SELECT 1 FROM cursors
            WHERE workspace_id = $1 AND person_id = $2 LIMIT $3) AS own)sql",
        viewer.person, many);
    // A cross join is taken from left to right by SQLite, which has no statistics to choose by.
    if (head - after <= 2 * own) {
        return tx.all<ChangedRow>(HERMOD_SELECT_CHANGED("h.last_offset") R"sql(
            FROM conversation_heads h CROSS JOIN cursors k )sql" HERMOD_JOIN_CONVERSATIONS R"sql(
            WHERE h.workspace_id = $1 AND h.last_offset > $4 AND k.workspace_id = $1
              AND k.conversation_id = h.conversation_id AND k.person_id = $2
              AND k.changed_offset <= h.last_offset
            ORDER BY h.last_offset LIMIT $5)sql",
            viewer.person, outside, after, limit);
    }
    return tx.all<ChangedRow>(HERMOD_SELECT_CHANGED("h.last_offset") R"sql(
        FROM cursors k CROSS JOIN conversation_heads h )sql" HERMOD_JOIN_CONVERSATIONS R"sql(
        WHERE k.workspace_id = $1 AND k.person_id = $2 AND h.workspace_id = $1
          AND h.conversation_id = k.conversation_id AND h.last_offset > $4
          AND k.changed_offset <= h.last_offset
        ORDER BY h.last_offset LIMIT $5)sql",
        viewer.person, outside, after, limit);
}

std::vector<ChangedRow> list_privately_changed(
    db::Tx const& tx, Viewer const& viewer, std::int64_t after, std::int64_t limit)
{
    return tx.all<ChangedRow>(HERMOD_SELECT_CHANGED("k.changed_offset") R"sql(
        FROM cursors k CROSS JOIN conversation_heads h )sql" HERMOD_JOIN_CONVERSATIONS R"sql(
        WHERE k.workspace_id = $1 AND k.person_id = $2 AND k.changed_offset > $4
          AND h.workspace_id = $1 AND h.conversation_id = k.conversation_id
          AND k.changed_offset > h.last_offset
        ORDER BY k.changed_offset LIMIT $5)sql",
        viewer.person, viewer.team ? 0 : 1, after, limit);
}

#define HERMOD_SELECT_IDENTITIES                                                                   \
    "SELECT a.id, a.merged_into, CASE WHEN a.merged_into IS NULL THEN a.name ELSE s.name END,"     \
    " a.identity_offset FROM people a"                                                             \
    " LEFT JOIN people s ON s.workspace_id = a.workspace_id AND s.id = a.merged_into"              \
    " WHERE a.workspace_id = $1 "

std::vector<IdentityRow> list_identities(db::Tx const& tx, std::int64_t after, std::int64_t limit)
{
    return tx.all<IdentityRow>(HERMOD_SELECT_IDENTITIES
        "AND a.identity_offset > 0 AND a.identity_offset > $2 ORDER BY a.identity_offset LIMIT $3",
        after, limit);
}

std::vector<IdentityRow> list_aliases(db::Tx const& tx, PersonId const& person)
{
    return tx.all<IdentityRow>(HERMOD_SELECT_IDENTITIES "AND a.merged_into = $2", person);
}

// Any id that stands for the same person as `a` brings them into sight: what was written under one
// is shown under the name of all.
#define HERMOD_SHARES_A_CONVERSATION(table)                                                        \
    "EXISTS (SELECT 1 FROM people g"                                                               \
    " JOIN " table " o ON o.workspace_id = g.workspace_id AND o.person_id = g.id"                  \
    " JOIN participants v ON v.workspace_id = o.workspace_id"                                      \
    " AND v.conversation_id = o.conversation_id AND v.person_id = $4"                              \
    " WHERE g.workspace_id = $1 AND (g.id = COALESCE(a.merged_into, a.id)"                         \
    " OR g.merged_into = COALESCE(a.merged_into, a.id)))"

std::vector<IdentityRow> list_known_identities(
    db::Tx const& tx, PersonId const& viewer, std::int64_t after, std::int64_t until)
{
    return tx.all<IdentityRow>(HERMOD_SELECT_IDENTITIES
        "AND a.identity_offset > 0 AND a.identity_offset > $2 AND a.identity_offset <= $3"
        " AND (" HERMOD_SHARES_A_CONVERSATION("participants") //
        " OR " HERMOD_SHARES_A_CONVERSATION("departures") //
        ") ORDER BY a.identity_offset",
        after, until, viewer);
}

std::vector<DepartureRow> list_departures(
    db::Tx const& tx, PersonId const& person, std::int64_t after, std::int64_t until)
{
    return tx.all<DepartureRow>(R"sql(
        SELECT d.conversation_id, c.kind FROM departures d
        JOIN conversations c ON c.workspace_id = d.workspace_id AND c.id = d.conversation_id
        WHERE d.workspace_id = $1 AND d.person_id = $2 AND d.left_offset > $3
          AND d.left_offset <= $4)sql",
        person, after, until);
}

}
