#pragma once

#include "conversations/conversations.hpp"

#include <vector>

namespace hermod::conversations {

struct ConversationRow {
    ConversationId id;
    Kind kind = Kind::direct;
    std::optional<std::string> title;
    std::optional<AccountId> account_id;
    std::optional<std::string> unique_key;
    History history = History::join;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(
    ConversationRow, (), (id, kind, title, account_id, unique_key, history, created_at))

/// A row with its head, and the viewer's own side where they are a participant.
struct ViewRow {
    ConversationId id;
    Kind kind = Kind::direct;
    std::optional<std::string> title;
    std::optional<AccountId> account_id;
    std::int64_t seq = 0;
    std::int64_t rev = 0;
    std::int64_t last_offset = 0;
    std::int64_t activity_offset = 0;
    History history = History::join;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<std::int64_t> unread;
    std::int64_t mentions = 0;
    std::optional<bool> marked_unread;
    std::optional<bool> archived;
    std::optional<bool> pinned;
    std::optional<Timestamp> muted_until;
};
BOOST_DESCRIBE_STRUCT(ViewRow, (),
    (id, kind, title, account_id, seq, rev, last_offset, activity_offset, history, created_at,
        updated_at, unread, mentions, marked_unread, archived, pinned, muted_until))

void insert_conversation(db::Tx& tx, ConversationRow const& row);
std::optional<ConversationRow> find_conversation(db::Tx const& tx, ConversationId const& id);
/// Of a deleted one too.
std::optional<AccountId> find_account_of(db::Tx const& tx, ConversationId const& id);
std::optional<ConversationId> find_by_unique_key(db::Tx const& tx, std::string_view key);
void update_settings(
    db::Tx& tx, ConversationId const& id, std::optional<std::string> const& title, History history);
void mark_deleted(db::Tx& tx, ConversationId const& id);

/// Whose eyes a row is read with.
struct Viewer {
    PersonId person;
    bool team = true; ///< else internal notes do not count as unread
};
Viewer viewer_of(Caller const& caller);

std::optional<ViewRow> find_view(db::Tx const& tx, ConversationId const& id, Viewer const& viewer);

/// The resource as the viewer of the row sees it, and as an event tells it to everybody.
Conversation to_view(ViewRow const& row);
Conversation to_everybody(ViewRow const& row);

/// What a list asks for; `before` is the activity_offset of the last one seen.
struct ViewFilter {
    Viewer viewer;
    bool all = false; ///< else the viewer's own and, for the team, the external ones
    std::optional<Kind> kind;
    std::optional<AccountId> account_id;
    std::optional<PersonId> person_id;
    std::optional<std::int64_t> before;
    std::int64_t limit = 50;
};
std::vector<ViewRow> list_views(db::Tx const& tx, ViewFilter const& filter);

void insert_participant(db::Tx& tx, ConversationId const& conversation,
    Participant const& participant, std::int64_t joined_offset);
std::optional<Participant> find_participant(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);
std::optional<std::int64_t> find_joined_offset(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);
/// Role, join and cursors of one who is in it.
void update_participant(db::Tx& tx, ConversationId const& conversation,
    Participant const& participant, std::int64_t joined_offset);
void update_role(
    db::Tx& tx, ConversationId const& conversation, PersonId const& person, ParticipantRole role);
void delete_participant(db::Tx& tx, ConversationId const& conversation, PersonId const& person);
std::int64_t count_participants(db::Tx const& tx, ConversationId const& conversation);

}
