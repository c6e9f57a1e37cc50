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
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(ConversationRow, (), (id, kind, title, account_id, unique_key, created_at))

/// A row with its head, and the viewer's unread messages where they are a participant.
struct ViewRow {
    ConversationId id;
    Kind kind = Kind::direct;
    std::optional<std::string> title;
    std::optional<AccountId> account_id;
    std::int64_t seq = 0;
    std::int64_t rev = 0;
    std::int64_t last_offset = 0;
    std::optional<std::int64_t> read_seq;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(ViewRow, (),
    (id, kind, title, account_id, seq, rev, last_offset, read_seq, created_at, updated_at))

void insert_conversation(db::Tx& tx, ConversationRow const& row);
std::optional<ConversationRow> find_conversation(db::Tx const& tx, ConversationId const& id);
std::optional<ConversationId> find_by_unique_key(db::Tx const& tx, std::string_view key);
void update_title(db::Tx& tx, ConversationId const& id, std::optional<std::string> const& title);
void mark_deleted(db::Tx& tx, ConversationId const& id);

std::optional<ViewRow> find_view(
    db::Tx const& tx, ConversationId const& id, PersonId const& viewer);

/// The resource as `viewer` sees it.
Conversation view_of(db::Tx const& tx, ViewRow const& row, PersonId const& viewer);

/// What a list asks for; `before` is the last_offset of the last one seen.
struct ViewFilter {
    PersonId viewer;
    bool all = false; ///< else the viewer's own and the external ones
    std::optional<Kind> kind;
    std::optional<AccountId> account_id;
    std::optional<PersonId> person_id;
    std::optional<std::int64_t> before;
    std::int64_t limit = 50;
};
std::vector<ViewRow> list_views(db::Tx const& tx, ViewFilter const& filter);

/// Messages after `read_seq` that are not the person's own and not deleted.
std::int64_t count_unread(db::Tx const& tx, ConversationId const& conversation,
    PersonId const& person, std::int64_t read_seq);

void insert_participant(db::Tx& tx, ConversationId const& conversation,
    Participant const& participant, std::int64_t joined_offset);
std::optional<Participant> find_participant(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);
std::optional<std::int64_t> find_joined_offset(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);
std::vector<Participant> list_participants(db::Tx const& tx, ConversationId const& conversation);
void update_role(
    db::Tx& tx, ConversationId const& conversation, PersonId const& person, ParticipantRole role);
void delete_participant(db::Tx& tx, ConversationId const& conversation, PersonId const& person);
std::int64_t count_participants(db::Tx const& tx, ConversationId const& conversation);

}
