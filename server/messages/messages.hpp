#pragma once

#include "accounts/accounts.hpp"
#include "accounts/circuit.hpp"
#include "base/codec.hpp"
#include "base/task.hpp"
#include "conversations/conversations.hpp"
#include "db/database.hpp"
#include "events/events.hpp"
#include "events/log.hpp"
#include "jobs/jobs.hpp"
#include "messages/content.hpp"
#include "messages/recipient.hpp"
#include "net/caller.hpp"
#include "net/request.hpp"
#include "people/people.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hermod::messages {

enum class Direction { inbound, outbound };
BOOST_DESCRIBE_ENUM(Direction, inbound, outbound)

/// Of an external message; it goes forward only.
enum class Status { queued, sending, sent, delivered, read, failed };
BOOST_DESCRIBE_ENUM(Status, queued, sending, sent, delivered, read, failed)

/// `internal`: a note among members in an external conversation; it never leaves Hermod.
enum class Visibility { all, internal };
BOOST_DESCRIBE_ENUM(Visibility, all, internal)

/// What went wrong with a message: while it is tried again the last error, then the final one.
struct MessageError {
    accounts::ErrorKind code = accounts::ErrorKind::retryable;
    std::string reason;
    std::optional<std::string> provider_code;
    bool retryable = false; ///< it is, or may be, tried again
};
BOOST_DESCRIBE_STRUCT(MessageError, (), (code, reason, provider_code, retryable))

struct Party {
    PersonId person_id;
    std::optional<std::string> address;
    std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(Party, (), (person_id, address, name))

struct Reaction {
    PersonId person_id;
    std::string emoji;
    bool operator==(Reaction const&) const = default;
};
BOOST_DESCRIBE_STRUCT(Reaction, (), (person_id, emoji))

using Metadata = JsonObject<16384>;

/// A message, as its GET and its events give it. In an in-app conversation direction, account_id,
/// to and status are null.
struct Message {
    MessageId id;
    ConversationId conversation_id;
    std::int64_t seq = 0; ///< gap-free in the conversation
    std::int64_t rev = 0; ///< the conversation's, when the message last changed
    std::optional<Direction> direction;
    std::optional<AccountId> account_id;
    std::optional<std::string> provider_id;
    Party from;
    std::optional<PersonId> written_as; ///< set: who wrote it was merged into `from` since
    std::optional<std::vector<Party>> to;
    Type type = Type::text;
    JsonObject<max_content_bytes> content;
    std::optional<std::string> subject;
    std::optional<Status> status;
    std::optional<MessageError> error;
    Visibility visibility = Visibility::all;
    std::optional<std::string> client_id;
    std::optional<MessageId> reply_to;
    std::optional<MessageId> forwarded_from;
    std::vector<PersonId> mentions;
    std::vector<Reaction> reactions; ///< oldest first
    bool silent = false; ///< nobody is notified of it and it counts for nobody as unread
    Metadata metadata;
    Timestamp created_at;
    std::optional<Timestamp> send_at; ///< it is not sent before
    std::optional<Timestamp> edited_at;
    std::optional<Timestamp> pinned_at;
    std::optional<Timestamp> deleted_at; ///< set: a tombstone without content
};
BOOST_DESCRIBE_STRUCT(Message, (),
    (id, conversation_id, seq, rev, direction, account_id, provider_id, from, written_as, to, type,
        content, subject, status, error, visibility, client_id, reply_to, forwarded_from, mentions,
        reactions, silent, metadata, created_at, send_at, edited_at, pinned_at, deleted_at))

struct MessageEvent {
    Message message;
};
BOOST_DESCRIBE_STRUCT(MessageEvent, (), (message))

struct MessageStatusEvent {
    Message message;
    std::optional<Status> previous_status;
};
BOOST_DESCRIBE_STRUCT(MessageStatusEvent, (), (message, previous_status))

struct ReactionEvent {
    MessageId message_id;
    PersonId person_id;
    std::string emoji;
    Message message;
};
BOOST_DESCRIBE_STRUCT(ReactionEvent, (), (message_id, person_id, emoji, message))

inline constexpr events::Type<MessageEvent> message_created{
    "message.created", "messages", "A message was sent or came in."};
inline constexpr events::Type<MessageEvent> message_updated{"message.updated", "messages",
    "A message was edited, pinned or unpinned, or its error changed."};
inline constexpr events::Type<MessageEvent> message_deleted{"message.deleted", "messages",
    "A message was deleted: what is left is told, and its earlier events tell no more."};
inline constexpr events::Type<ReactionEvent> reaction_added{
    "reaction.added", "messages", "A person reacted to a message."};
inline constexpr events::Type<ReactionEvent> reaction_removed{
    "reaction.removed", "messages", "A person took a reaction back."};
inline constexpr events::Type<MessageStatusEvent> message_status{
    "message.status", "messages", "An external message was sent, delivered, read, or failed."};

/// One try of an outgoing message.
enum class Outcome { sent, retryable, pace, failed, outcome_unknown };
BOOST_DESCRIBE_ENUM(Outcome, sent, retryable, pace, failed, outcome_unknown)

struct Attempt {
    std::int64_t n = 0;
    Timestamp started_at;
    std::int64_t duration_ms = 0;
    Outcome outcome = Outcome::sent;
    std::optional<MessageError> error;
};
BOOST_DESCRIBE_STRUCT(Attempt, (), (n, started_at, duration_ms, outcome, error))

using ClientId = Text<1, 128>;
using Subject = Text<1, 500>;

/// Another participant as author; needs the scope messages:send_as. Exactly one of the two.
struct Author {
    std::optional<PersonId> person_id;
    std::optional<people::ExternalId> external_id;
};
BOOST_DESCRIBE_STRUCT(Author, (), (person_id, external_id))

/// What an edited message said before.
struct Edit {
    std::int64_t n = 0; ///< from 1
    JsonObject<max_content_bytes> content;
    Timestamp written_at;
    Timestamp replaced_at;
    PersonId replaced_by;
};
BOOST_DESCRIBE_STRUCT(Edit, (), (n, content, written_at, replaced_at, replaced_by))

using Mentions = List<PersonId, 0, 50>;

/// Into a conversation. `text` is short for a text's `content`. A retry with the same `client_id`
/// gets the first message.
struct SendMessage {
    std::optional<Text<1, max_text>> text;
    std::optional<Type> type;
    std::optional<JsonObject<max_content_bytes>> content;
    std::optional<Subject> subject;
    std::optional<MessageId> reply_to;
    std::optional<Author> from;
    std::optional<ClientId> client_id;
    Or<Visibility, Visibility::all> visibility;
    Or<jobs::Lane, jobs::Lane::conversation> priority;
    std::optional<Timestamp> send_at;
    std::optional<Mentions> mentions; ///< participants; of an internal note, people of the team
    Or<bool, false> silent;
    std::optional<Metadata> metadata;
};
BOOST_DESCRIBE_STRUCT(SendMessage, (),
    (text, type, content, subject, reply_to, from, client_id, visibility, priority, send_at,
        mentions, silent, metadata))

/// New content of the same type; `mentions`, where given, replaces them.
struct EditMessage {
    std::optional<Text<1, max_text>> text;
    std::optional<JsonObject<max_content_bytes>> content;
    std::optional<Mentions> mentions;
};
BOOST_DESCRIBE_STRUCT(EditMessage, (), (text, content, mentions))

struct ForwardMessage {
    ConversationId conversation_id;
    std::optional<ClientId> client_id;
};
BOOST_DESCRIBE_STRUCT(ForwardMessage, (), (conversation_id, client_id))

/// An emoji or a name of one, as it is in the path.
using Emoji = Text<1, 64>;

/// What changed in a conversation after a `rev`, oldest change first.
struct ChangesQuery {
    Int<0, INT64_MAX> after_rev;
    Or<Int<1, 500>, std::int64_t{200}> limit;
};
BOOST_DESCRIBE_STRUCT(ChangesQuery, (), (after_rev, limit))

/// Messages as they are now, tombstones included. `rev` is where the next question goes on; with
/// `has_more` false it is the conversation's.
struct Changes {
    std::vector<Message> messages;
    conversations::Conversation conversation;
    std::vector<conversations::Participant> participants;
    std::int64_t rev = 0;
    bool has_more = false;
};
BOOST_DESCRIBE_STRUCT(Changes, (), (messages, conversation, participants, rev, has_more))

/// To an address: the person and the conversation are found, or made.
struct SendAddressed {
    Recipient to;
    std::optional<AccountId> account_id;
    std::optional<Text<1, 64>> connector;
    std::optional<Text<1, max_text>> text;
    std::optional<Type> type;
    std::optional<JsonObject<max_content_bytes>> content;
    std::optional<Subject> subject;
    std::optional<MessageId> reply_to;
    std::optional<ClientId> client_id;
    Or<jobs::Lane, jobs::Lane::conversation> priority;
    std::optional<Timestamp> send_at;
    std::optional<Metadata> metadata;
};
BOOST_DESCRIBE_STRUCT(SendAddressed, (),
    (to, account_id, connector, text, type, content, subject, reply_to, client_id, priority,
        send_at, metadata))

/// One page of a conversation: newest first below `before_seq`, or oldest first above `after_seq`.
struct ListMessages {
    std::optional<Int<1, INT64_MAX>> before_seq;
    std::optional<Int<0, INT64_MAX>> after_seq;
    Or<bool, false> pinned; ///< those that are pinned alone
    net::PageLimit limit;
    std::optional<Text<1, 512>> cursor;
};
BOOST_DESCRIBE_STRUCT(ListMessages, (), (before_seq, after_seq, pinned, limit, cursor))

/// The log of external messages, newest first.
struct ListMessageLog {
    std::optional<Status> status;
    std::optional<Direction> direction;
    std::optional<AccountId> account_id;
    std::optional<ConversationId> conversation_id;
    net::PageLimit limit;
    std::optional<Text<1, 512>> cursor;
};
BOOST_DESCRIBE_STRUCT(
    ListMessageLog, (), (status, direction, account_id, conversation_id, limit, cursor))

struct Deps {
    db::Database& db;
    Clock& clock;
    events::Log& log;
    accounts::Connectors const& connectors;
};

Task<Message> send_message(Deps& deps, Caller const& caller, ConversationId const& conversation,
    SendMessage const& command);
Task<Message> send_addressed(Deps& deps, Caller const& caller, SendAddressed const& command);
/// The message once it was sent or has failed, or as it is at `deadline`.
Task<Message> wait_until_settled(
    Deps& deps, Caller const& caller, Message message, Timestamp deadline);

Task<Message> get_message(Deps& deps, Caller const& caller, MessageId const& id);
Task<net::Page<Message>> list_messages(Deps& deps, Caller const& caller,
    ConversationId const& conversation, ListMessages const& query);
Task<net::Page<Message>> list_message_log(
    Deps& deps, Caller const& caller, ListMessageLog const& query);
Task<net::Page<Attempt>> list_attempts(Deps& deps, Caller const& caller, MessageId const& id);
/// Tries a failed message again, from the beginning.
Task<Message> resend_message(Deps& deps, Caller const& caller, MessageId const& id);
/// By its author; a key with messages:send_as edits anybody's. What has left Hermod stays as it is.
Task<Message> edit_message(
    Deps& deps, Caller const& caller, MessageId const& id, EditMessage const& command);
Task<net::Page<Edit>> list_edits(Deps& deps, Caller const& caller, MessageId const& id);
/// By its author, or who manages the conversation. Leaves a tombstone in its place and takes the
/// content out of the log. Deleting again changes nothing.
Task<void> delete_message(Deps& deps, Caller const& caller, MessageId const& id);
/// One of each emoji per person.
Task<Message> add_reaction(
    Deps& deps, Caller const& caller, MessageId const& id, Emoji const& emoji);
Task<Message> remove_reaction(
    Deps& deps, Caller const& caller, MessageId const& id, Emoji const& emoji);
Task<Message> pin_message(Deps& deps, Caller const& caller, MessageId const& id, bool pinned);
Task<Message> forward_message(
    Deps& deps, Caller const& caller, MessageId const& id, ForwardMessage const& command);
Task<Changes> list_changes(Deps& deps, Caller const& caller, ConversationId const& conversation,
    ChangesQuery const& query);

/// In the caller's transaction. Throws message_not_found.
Message require_message(db::Tx const& tx, MessageId const& id);
/// Forgets at most `limit` of the client ids that were used before `before`. Returns how many.
std::int64_t delete_old_keys(db::Tx& tx, Timestamp before, std::int64_t limit);
/// Forgets what providers handed in; how much. A repeat that comes later than that is taken anew.
std::int64_t delete_old_inputs(db::Tx& tx, Timestamp before, std::int64_t limit);

void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(MessageError const*);
FieldTexts field_texts(Party const*);
FieldTexts field_texts(Reaction const*);
FieldTexts field_texts(Message const*);
FieldTexts field_texts(MessageEvent const*);
FieldTexts field_texts(MessageStatusEvent const*);
FieldTexts field_texts(ReactionEvent const*);
FieldTexts field_texts(Edit const*);
FieldTexts field_texts(EditMessage const*);
FieldTexts field_texts(ForwardMessage const*);
FieldTexts field_texts(ChangesQuery const*);
FieldTexts field_texts(Changes const*);
FieldTexts field_texts(Attempt const*);
FieldTexts field_texts(Author const*);
FieldTexts field_texts(SendMessage const*);
FieldTexts field_texts(SendAddressed const*);
FieldTexts field_texts(ListMessages const*);
FieldTexts field_texts(ListMessageLog const*);

}
