#pragma once

#include "conversations/store.hpp"

#include <vector>

/// SQL of what one person has read, hidden and marked, of what never counts as unread, and of what
/// changed for one person; private to this folder.
namespace hermod::conversations {

/// What the viewer of `cursors k` has not read of `conversation_heads h`; $3 is 1 for one outside
/// the team. What was sent since, less what never counts: whole ranges of it, and what of the range
/// that the viewer has read in part.
#define HERMOD_UNREAD                                                                              \
    " CASE WHEN k.person_id IS NULL THEN NULL ELSE h.seq - k.read_seq"                             \
    " - (SELECT CAST(COALESCE(SUM(r.everybody + $3 * r.internal), 0) AS BIGINT)"                   \
    " FROM uncounted_ranges r WHERE r.workspace_id = $1"                                           \
    " AND r.conversation_id = h.conversation_id AND r.n > k.read_seq / 1024)"                      \
    " - (SELECT COUNT(*) FROM uncounted u WHERE u.workspace_id = $1"                               \
    " AND u.conversation_id = h.conversation_id AND u.seq > k.read_seq"                            \
    " AND u.seq < (k.read_seq / 1024 + 1) * 1024 AND u.internal <= $3) END"

#define HERMOD_JOIN_CURSORS                                                                        \
    " LEFT JOIN cursors k ON k.workspace_id = h.workspace_id"                                      \
    " AND k.conversation_id = h.conversation_id AND k.person_id = $2"

struct CursorRow {
    PersonId person_id;
    std::int64_t recv_seq = 0;
    std::int64_t read_seq = 0;
    bool marked_unread = false;
    bool archived = false;
    bool pinned = false;
    std::optional<Timestamp> muted_until;
    bool operator==(CursorRow const&) const = default;
};
BOOST_DESCRIBE_STRUCT(
    CursorRow, (), (person_id, recv_seq, read_seq, marked_unread, archived, pinned, muted_until))

void insert_cursors(db::Tx& tx, ConversationId const& conversation, Receipt const& cursors);
std::optional<CursorRow> find_cursors(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);
void update_cursors(db::Tx& tx, ConversationId const& conversation, CursorRow const& row);
/// Tells /sync of a change that the person alone is told.
void note_own_change(
    db::Tx& tx, ConversationId const& conversation, PersonId const& person, std::int64_t offset);
void delete_cursors(db::Tx& tx, ConversationId const& conversation, PersonId const& person);

/// Who is not in the conversation any more has nothing to be told of.
void forget_mentions(db::Tx& tx, ConversationId const& conversation, PersonId const& person);

void insert_departure(db::Tx& tx, ConversationId const& conversation,
    Participant const& participant, std::int64_t offset);
/// How far one who left had read; 0 for one who did not.
std::int64_t read_when_left(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);

/// One that changed for a viewer, by the newest event about it that they may have seen.
struct ChangedRow {
    ConversationId id;
    std::int64_t seq = 0;
    std::int64_t rev = 0;
    std::int64_t changed_offset = 0;
    bool deleted = false;
    std::optional<AccountId> account_id;
    std::optional<std::int64_t> unread;
};
BOOST_DESCRIBE_STRUCT(ChangedRow, (), (id, seq, rev, changed_offset, deleted, account_id, unread))

/// Each oldest change first, at most `limit`. All of them; the viewer's own, found among what
/// changed or among what is theirs, whichever is less; the external ones; and what the viewer alone
/// was told. A conversation that changed in both ways is among those of the newer change alone.
std::vector<ChangedRow> list_changed(
    db::Tx const& tx, PersonId const& viewer, std::int64_t after, std::int64_t limit);
std::vector<ChangedRow> list_own_changed(db::Tx const& tx, Viewer const& viewer, std::int64_t after,
    std::int64_t head, std::int64_t limit);
std::vector<ChangedRow> list_external_changed(
    db::Tx const& tx, PersonId const& viewer, std::int64_t after, std::int64_t limit);
std::vector<ChangedRow> list_privately_changed(
    db::Tx const& tx, Viewer const& viewer, std::int64_t after, std::int64_t limit);

/// Who is somebody else now, or is called otherwise, since the event at `log_offset`.
struct IdentityRow {
    PersonId person_id;
    std::optional<PersonId> merged_into;
    std::optional<std::string> name;
    std::int64_t log_offset = 0;
};
BOOST_DESCRIBE_STRUCT(IdentityRow, (), (person_id, merged_into, name, log_offset))

/// Oldest change first, at most `limit`.
std::vector<IdentityRow> list_identities(db::Tx const& tx, std::int64_t after, std::int64_t limit);
/// Of those after `after` and until `until`, who is, or was, in a conversation with the viewer.
std::vector<IdentityRow> list_known_identities(
    db::Tx const& tx, PersonId const& viewer, std::int64_t after, std::int64_t until);
/// Whose ids stand for the person.
std::vector<IdentityRow> list_aliases(db::Tx const& tx, PersonId const& person);

struct DepartureRow {
    ConversationId conversation_id;
    Kind kind = Kind::group;
};
BOOST_DESCRIBE_STRUCT(DepartureRow, (), (conversation_id, kind))
std::vector<DepartureRow> list_departures(
    db::Tx const& tx, PersonId const& person, std::int64_t after, std::int64_t until);

}
