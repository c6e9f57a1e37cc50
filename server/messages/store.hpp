#pragma once

#include "messages/messages.hpp"

#include <vector>

namespace hermod::messages {

/// A message as stored, with its author's name.
struct MessageRow {
    MessageId id;
    ConversationId conversation_id;
    std::int64_t seq = 0;
    std::int64_t created_rev = 0;
    std::int64_t rev = 0;
    PersonId author_id;
    std::optional<PersonId> written_as; ///< the author's own id, where it is an alias
    std::optional<std::string> author_name; ///< of the person, not of the row
    std::optional<Direction> direction;
    std::optional<AccountId> account_id;
    std::optional<std::string> provider_id;
    std::optional<std::string> from_address;
    std::optional<std::string> recipients; ///< JSON list of Party
    Type type = Type::text;
    std::string content;
    std::optional<std::string> subject;
    std::optional<Status> status;
    std::optional<std::string> error; ///< JSON MessageError
    Visibility visibility = Visibility::all;
    std::optional<std::string> client_id;
    std::optional<MessageId> reply_to;
    std::optional<MessageId> forwarded_from;
    bool silent = false;
    std::optional<std::string> mentions; ///< JSON list of ids
    std::optional<std::string> reactions; ///< JSON list of Reaction
    std::string metadata = "{}";
    std::int64_t log_offset = 0; ///< of its message.created
    std::optional<std::string> later_offsets; ///< JSON list: of its other events
    Timestamp created_at;
    std::optional<Timestamp> send_at;
    std::optional<Timestamp> edited_at;
    std::optional<Timestamp> pinned_at;
    std::optional<Timestamp> deleted_at;
};
BOOST_DESCRIBE_STRUCT(MessageRow, (),
    (id, conversation_id, seq, created_rev, rev, author_id, written_as, author_name, direction,
        account_id, provider_id, from_address, recipients, type, content, subject, status, error,
        visibility, client_id, reply_to, forwarded_from, silent, mentions, reactions, metadata,
        log_offset, later_offsets, created_at, send_at, edited_at, pinned_at, deleted_at))

Message to_message(MessageRow const& row);

void insert_message(db::Tx& tx, MessageRow const& row);
std::optional<MessageRow> find_message(db::Tx const& tx, MessageId const& id);
std::optional<MessageRow> find_by_provider_id(
    db::Tx const& tx, AccountId const& account, std::string_view provider_id);

/// Which messages of a conversation one may see.
struct Sight {
    ConversationId conversation;
    std::int64_t floor = 0; ///< those after this seq
    bool internal = true; ///< internal notes, too
    bool pinned = false; ///< only those that are
};
std::vector<MessageRow> list_before(
    db::Tx const& tx, Sight const& sight, std::int64_t seq, std::int64_t limit);
std::vector<MessageRow> list_after(
    db::Tx const& tx, Sight const& sight, std::int64_t seq, std::int64_t limit);
/// The newest message that was there at `rev`; 0 where there was none.
std::int64_t seq_at_rev(
    db::Tx const& tx, ConversationId const& id, std::int64_t newest, std::int64_t rev);
/// Messages that were made before `rev` or at it and changed after it, oldest change first.
std::vector<MessageRow> list_changed(
    db::Tx const& tx, Sight const& sight, std::int64_t rev, std::int64_t limit);
std::int64_t count_pinned(db::Tx const& tx, ConversationId const& id);
std::vector<MessageRow> list_log(
    db::Tx const& tx, ListMessageLog const& filter, std::int64_t before, std::int64_t limit);

/// Writes what can change of a message back.
void update_message(db::Tx& tx, MessageRow const& row);

struct EditRow {
    std::int64_t n = 0;
    std::string content;
    Timestamp written_at;
    Timestamp replaced_at;
    PersonId replaced_by;
};
BOOST_DESCRIBE_STRUCT(EditRow, (), (n, content, written_at, replaced_at, replaced_by))
void insert_edit(db::Tx& tx, MessageId const& message, EditRow const& edit);
std::vector<EditRow> list_edits(db::Tx const& tx, MessageId const& message);
void delete_edits(db::Tx& tx, MessageId const& message);

struct MessageKey {
    MessageId message_id;
    Digest body_hash;
};
std::optional<MessageKey> find_key(
    db::Tx const& tx, PersonId const& author, std::string_view client_id);
void insert_key(db::Tx& tx, PersonId const& author, std::string_view client_id,
    MessageId const& message, Digest const& body_hash);

struct AttemptRow {
    std::int64_t n = 0;
    Timestamp started_at;
    std::int64_t duration_ms = 0;
    Outcome outcome = Outcome::sent;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(AttemptRow, (), (n, started_at, duration_ms, outcome, error))
void insert_attempt(db::Tx& tx, MessageId const& message, AttemptRow const& attempt);
std::vector<AttemptRow> list_attempts(db::Tx const& tx, MessageId const& message);
std::int64_t next_attempt(db::Tx const& tx, MessageId const& message);
std::optional<Timestamp> last_attempt_at(db::Tx const& tx, MessageId const& message);

/// The message an input became, where it was handed in before.
struct SeenInput {
    std::optional<MessageId> message_id;
};
std::optional<SeenInput> find_input(db::Tx const& tx, AccountId const& account,
    std::string_view provider_id, std::string_view kind, std::string_view status);
void insert_input(db::Tx& tx, AccountId const& account, std::string_view provider_id,
    std::string_view kind, std::string_view status, std::optional<MessageId> const& message);

/// Provider ids of a conversation's newest messages before `seq`, oldest first.
std::vector<std::string> list_references(
    db::Tx const& tx, ConversationId const& conversation, std::int64_t seq, std::int64_t limit);
/// Of the nearest earlier message that has one, among the last 50.
std::optional<std::string> find_subject_before(
    db::Tx const& tx, ConversationId const& conversation, std::int64_t seq);
/// The address a contact wrote from last.
std::optional<std::string> last_address_of(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);

}
