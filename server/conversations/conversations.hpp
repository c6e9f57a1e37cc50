#pragma once

#include "accounts/accounts.hpp"
#include "base/codec.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "events/audience.hpp"
#include "events/events.hpp"
#include "net/caller.hpp"
#include "net/request.hpp"
#include "people/address.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hermod::net {
class Router;
}

namespace hermod::events {
class Log;
}

namespace hermod::conversations {

class Receipts;

/// `external`: people on an account, one conversation per account and person.
enum class Kind { direct, group, external };
BOOST_DESCRIBE_ENUM(Kind, direct, group, external)

enum class ParticipantRole { owner, admin, member };
BOOST_DESCRIBE_ENUM(ParticipantRole, owner, admin, member)

/// What one who joins sees of what was before: nothing, or all.
enum class History { join, start };
BOOST_DESCRIBE_ENUM(History, join, start)

using Title = Text<1, 200>;

/// A participant's own settings of a conversation, and the messages they have not read that
/// mention them.
struct OwnView {
    std::int64_t mentions = 0;
    bool marked_unread = false;
    bool archived = false;
    bool pinned = false;
    std::optional<Timestamp> muted_until;
};
BOOST_DESCRIBE_STRUCT(OwnView, (), (mentions, marked_unread, archived, pinned, muted_until))

/// Where messages live. `unread` and `me` are the caller's, null for one who is no participant (and
/// in events, which are everybody's). Own, silent and deleted messages are never unread.
struct Conversation {
    ConversationId id;
    Kind kind = Kind::direct;
    std::optional<std::string> title;
    std::optional<AccountId> account_id;
    std::int64_t seq = 0; ///< of the newest message
    std::int64_t rev = 0; ///< rises with every change
    std::optional<std::int64_t> unread;
    History history = History::join;
    std::optional<OwnView> me;
    Timestamp created_at;
    Timestamp updated_at;
};
BOOST_DESCRIBE_STRUCT(Conversation, (),
    (id, kind, title, account_id, seq, rev, unread, history, me, created_at, updated_at))

/// One person in a conversation. Cursors go forward only; a message that the person sends moves
/// both of theirs to it.
struct Participant {
    PersonId person_id;
    ParticipantRole role = ParticipantRole::member;
    std::int64_t joined_seq = 0; ///< what they see begins after this message
    std::int64_t recv_seq = 0;
    std::int64_t read_seq = 0;
};
BOOST_DESCRIBE_STRUCT(Participant, (), (person_id, role, joined_seq, recv_seq, read_seq))

struct ConversationTombstone {
    ConversationId id;
    Timestamp deleted_at;
};
BOOST_DESCRIBE_STRUCT(ConversationTombstone, (), (id, deleted_at))

/// How far one person has got, as everybody who is told sees it.
struct Receipt {
    PersonId person_id;
    std::int64_t recv_seq = 0;
    std::int64_t read_seq = 0;
};
BOOST_DESCRIBE_STRUCT(Receipt, (), (person_id, recv_seq, read_seq))

/// Own settings as their person's other devices are told.
struct OwnViewEvent {
    PersonId person_id;
    OwnView me;
};
BOOST_DESCRIBE_STRUCT(OwnViewEvent, (), (person_id, me))

struct ConversationEvent {
    Conversation conversation;
};
BOOST_DESCRIBE_STRUCT(ConversationEvent, (), (conversation))

struct ConversationDeletedEvent {
    ConversationTombstone conversation;
};
BOOST_DESCRIBE_STRUCT(ConversationDeletedEvent, (), (conversation))

struct ParticipantEvent {
    Participant participant;
};
BOOST_DESCRIBE_STRUCT(ParticipantEvent, (), (participant))

inline constexpr events::Type<ConversationEvent> conversation_created{
    "conversation.created", "conversations", "A conversation was opened."};
inline constexpr events::Type<ConversationEvent> conversation_updated{
    "conversation.updated", "conversations", "A conversation's title or settings changed."};
inline constexpr events::Type<ConversationDeletedEvent> conversation_deleted{
    "conversation.deleted", "conversations", "A conversation was deleted with its messages."};
inline constexpr events::Type<ParticipantEvent> participant_added{
    "participant.added", "conversations", "A person joined a conversation, or their role changed."};
inline constexpr events::Type<ParticipantEvent> participant_removed{
    "participant.removed", "conversations", "A person left a conversation or was removed."};
inline constexpr events::Type<Receipt> receipt_updated{"receipt.updated", "conversations",
    "A person received or read messages. In a conversation of more than 100 people they alone are "
    "told; sending a message moves the author's cursors without this event."};
inline constexpr events::Type<OwnViewEvent> own_view_updated{"conversation.me_updated",
    "conversations", "A person changed their own settings of a conversation; they alone are told."};

// For other features: synchronous, in the caller's transaction.

/// What a caller is to a conversation, with what a message of theirs needs to know.
struct Standing {
    Kind kind = Kind::direct;
    std::optional<AccountId> account_id;
    std::optional<ParticipantRole> role; ///< none: not a participant
    std::optional<std::string> name; ///< of the person
};

/// The standing of `person`, or nothing where the conversation does not exist. One statement, of
/// tables that a message does not write.
std::optional<Standing> find_standing(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);

/// The caller's own standing. Throws conversation_not_found for one who may not see it: a key sees
/// every conversation of its workspace, a member their own and the external ones.
Standing require_visible(
    db::Tx const& tx, Caller const& caller, ConversationId const& conversation);

/// The counters that change with every message; of one batch they are read and written once.
class Head {
public:
    /// Throws conversation_not_found.
    Head(db::Tx& tx, ConversationId const& conversation);

    std::int64_t seq() const;
    std::int64_t rev() const;
    std::int64_t next_seq();
    std::int64_t next_rev();
    /// After the event about the change was appended.
    void touched(std::int64_t offset, Timestamp now);
    /// The same for an event that is no activity: a receipt.
    void noted(std::int64_t offset);

private:
    db::HotRow* row_;
};

/// The conversation of an account with a person, made (with its event) where there is none.
ConversationId find_or_create_external(
    db::Tx& tx, AccountId const& account, PersonId const& person);

/// The in-app conversation of two people, made (with its events) where there is none.
ConversationId find_or_create_direct(db::Tx& tx, PersonId const& a, PersonId const& b);

/// What a new message changes of its author's cursors: what they answer to they have read.
void advance_author(
    db::Tx& tx, ConversationId const& conversation, PersonId const& author, std::int64_t seq);

/// For whom a message does not count as unread.
enum class Uncounted { everybody, outsiders };
/// Takes a message out of what is unread, for good; a later call may only widen it.
void leave_out_of_unread(
    db::Tx& tx, ConversationId const& conversation, std::int64_t seq, Uncounted whom);

void add_mentions(db::Tx& tx, ConversationId const& conversation, std::int64_t seq,
    std::span<PersonId const> people);
void remove_mentions(db::Tx& tx, ConversationId const& conversation, std::int64_t seq,
    std::span<PersonId const> people);

/// Throws participant_not_found where one of them is not in the conversation.
void require_participants(
    db::Tx const& tx, ConversationId const& conversation, std::span<PersonId const> people);

/// Whether the caller may act for the conversation as its owners and admins do.
bool may_manage(Caller const& caller, Standing const& standing);

/// The conversation as the caller sees it now, and who is in it.
Conversation current_view(db::Tx const& tx, Caller const& caller, ConversationId const& id);
std::vector<Participant> participants_of(db::Tx const& tx, ConversationId const& id);

/// The people of an external conversation who are not of the team, else whom it was opened with,
/// who may be of the team since: whom a reply goes to.
std::vector<PersonId> list_contacts(db::Tx const& tx, ConversationId const& conversation);

/// The newest message when the person joined; nothing for one who is not in it.
std::optional<std::int64_t> joined_seq(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person);

/// The facts the audience of the log needs.
class LogMembership final : public events::Membership {
public:
    Standing standing(db::Tx const& tx, ConversationId const& conversation,
        PersonId const& person) const override;
    bool test_key_sees(db::Tx const& tx, events::Line const& line) const override;
};

// Use cases.

struct NewParticipant {
    PersonId person_id;
    Or<ParticipantRole, ParticipantRole::member> role;
};
BOOST_DESCRIBE_STRUCT(NewParticipant, (), (person_id, role))

/// `direct` names the other person (or two), `group` takes up to 500 people, `external` an account
/// and whom it reaches by `to`. A direct or external conversation that exists is answered as it is.
struct CreateConversation {
    Kind kind = Kind::direct;
    std::optional<Title> title;
    std::optional<List<NewParticipant, 0, 500>> participants;
    std::optional<AccountId> account_id;
    std::optional<Text<1, 320>> to;
    Or<History, History::join> history; ///< of a group
};
BOOST_DESCRIBE_STRUCT(CreateConversation, (), (kind, title, participants, account_id, to, history))

struct UpdateConversation {
    Patch<Title> title;
    std::optional<History> history;
};
BOOST_DESCRIBE_STRUCT(UpdateConversation, (), (title, history))

struct SetParticipant {
    Or<ParticipantRole, ParticipantRole::member> role;
};
BOOST_DESCRIBE_STRUCT(SetParticipant, (), (role))

/// Up to and with which message the caller has read and received; at least one. A cursor that is
/// further already stays, a `seq` that is not there yet is refused.
struct MarkRead {
    std::optional<Int<0, INT64_MAX>> seq;
    std::optional<Int<0, INT64_MAX>> recv_seq;
};
BOOST_DESCRIBE_STRUCT(MarkRead, (), (seq, recv_seq))

struct UpdateOwnView {
    Patch<Timestamp> muted_until; ///< null: not muted
    std::optional<bool> archived;
    std::optional<bool> pinned;
    std::optional<bool> marked_unread;
};
BOOST_DESCRIBE_STRUCT(UpdateOwnView, (), (muted_until, archived, pinned, marked_unread))

/// What changed for the caller since a cursor; without one, everything. Answered oldest change
/// first, at most `limit` conversations; more is had by asking again with the answer's cursor.
struct SyncQuery {
    std::optional<Text<1, 512>> after;
    Or<Int<1, 5000>, std::int64_t{1000}> limit;
};
BOOST_DESCRIBE_STRUCT(SyncQuery, (), (after, limit))

struct SyncedConversation {
    ConversationId id;
    std::int64_t seq = 0;
    std::int64_t rev = 0;
    std::optional<std::int64_t> unread;
};
BOOST_DESCRIBE_STRUCT(SyncedConversation, (), (id, seq, rev, unread))

/// A person whose id stands for somebody else now, or who is called otherwise.
struct SyncedPerson {
    PersonId person_id;
    std::optional<PersonId> merged_into; ///< whom the id stands for; none: themselves
    std::optional<std::string> name; ///< of whom it stands for
};
BOOST_DESCRIBE_STRUCT(SyncedPerson, (), (person_id, merged_into, name))

/// `left`: those the caller left, was removed from, or that were deleted. `person_id`: whom the
/// caller acts as; what is held as another is another's.
struct Synced {
    PersonId person_id;
    std::vector<SyncedConversation> conversations;
    std::vector<ConversationId> left;
    std::vector<SyncedPerson> people;
    std::string cursor;
    bool has_more = false;
};
BOOST_DESCRIBE_STRUCT(Synced, (), (person_id, conversations, left, people, cursor, has_more))

struct ListConversations {
    std::optional<Kind> kind;
    std::optional<AccountId> account_id;
    std::optional<PersonId> person_id; ///< those this person is in
    net::PageLimit limit;
    std::optional<Text<1, 512>> cursor;
};
BOOST_DESCRIBE_STRUCT(ListConversations, (), (kind, account_id, person_id, limit, cursor))

struct Deps {
    db::Database& db;
    accounts::Connectors const& connectors;
    events::Log& log;
    Receipts& receipts;
};

/// In the caller's transaction, so that a route can remember its answer.
Conversation create_conversation(db::Tx& tx, accounts::Connectors const& connectors,
    Caller const& caller, CreateConversation const& command);
Task<Conversation> get_conversation(Deps& deps, Caller const& caller, ConversationId const& id);
/// Newest activity first.
Task<net::Page<Conversation>> list_conversations(
    Deps& deps, Caller const& caller, ListConversations const& query);
Task<Conversation> update_conversation(
    Deps& deps, Caller const& caller, ConversationId const& id, UpdateConversation const& command);
Task<void> delete_conversation(Deps& deps, Caller const& caller, ConversationId const& id);
Task<net::Page<Participant>> list_participants(
    Deps& deps, Caller const& caller, ConversationId const& id);
Task<Participant> set_participant(Deps& deps, Caller const& caller, ConversationId const& id,
    PersonId const& person, SetParticipant const& command);
Task<void> remove_participant(
    Deps& deps, Caller const& caller, ConversationId const& id, PersonId const& person);
/// Answers when it is durable: at once, or with what else came within the second.
Task<Receipt> mark_read(
    Deps& deps, Caller const& caller, ConversationId const& id, MarkRead const& command);
Task<Conversation> update_own_view(
    Deps& deps, Caller const& caller, ConversationId const& id, UpdateOwnView const& command);
Task<Synced> sync(Deps& deps, Caller const& caller, SyncQuery const& query);

void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(OwnView const*);
FieldTexts field_texts(Conversation const*);
FieldTexts field_texts(Participant const*);
FieldTexts field_texts(ConversationTombstone const*);
FieldTexts field_texts(ConversationEvent const*);
FieldTexts field_texts(ConversationDeletedEvent const*);
FieldTexts field_texts(ParticipantEvent const*);
FieldTexts field_texts(Receipt const*);
FieldTexts field_texts(OwnViewEvent const*);
FieldTexts field_texts(NewParticipant const*);
FieldTexts field_texts(CreateConversation const*);
FieldTexts field_texts(UpdateConversation const*);
FieldTexts field_texts(SetParticipant const*);
FieldTexts field_texts(ListConversations const*);
FieldTexts field_texts(MarkRead const*);
FieldTexts field_texts(UpdateOwnView const*);
FieldTexts field_texts(SyncQuery const*);
FieldTexts field_texts(SyncedConversation const*);
FieldTexts field_texts(SyncedPerson const*);
FieldTexts field_texts(Synced const*);

}
