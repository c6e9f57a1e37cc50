#pragma once

#include "base/codec.hpp"
#include "base/ids.hpp"
#include "db/tx.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::events {

/// One line of a workspace's log, as every reader gets it.
struct Event {
    std::string cursor; ///< opaque; holds epoch and offset
    std::int64_t offset = 0; ///< gap-free, in commit order, from 1
    EventId id;
    std::string type;
    std::optional<ConversationId> conversation_id;
    Timestamp created_at;
    JsonText data; ///< the resource under its name, as its GET gives it
};
BOOST_DESCRIBE_STRUCT(Event, (), (cursor, offset, id, type, conversation_id, created_at, data))

/// What GET /event_types says of a type, and the scope an API key needs to see its events.
struct TypeInfo {
    std::string_view name; ///< `message.created`
    std::string_view area; ///< `messages`: seen with `messages:read`
    std::string_view summary;
    json::object (*schema)(Schemas&);
};

/// A declared event type with the struct of its `data`. Declare each once, `inline constexpr`, in
/// the feature's public header, and add it to the catalogue in app/.
template <class Data>
struct Type : TypeInfo {
    constexpr Type(std::string_view name, std::string_view area, std::string_view summary)
        : TypeInfo{name, area, summary, &Codec<Data>::schema}
    {
    }
};

/// Who of those whom an event concerns gets it: all, the team alone (and not the people outside it
/// who are in the conversation), or the named person alone. API keys get all by their scopes.
enum class Reach { everybody, team, person };
BOOST_DESCRIBE_ENUM(Reach, everybody, team, person)

/// Whom an event concerns: the members of a conversation, and a person it names, who sees it even
/// after leaving.
struct About {
    std::optional<ConversationId> conversation;
    std::optional<PersonId> person;
    Reach reach = Reach::everybody;
};

/// Makes the log of a new workspace, in the transaction that makes the workspace.
void open_log(db::Tx& tx);

/// Appends a line in the caller's transaction and wakes the readers after its commit. Returns the
/// offset. The only way anything leaves a use case, but for a job.
std::int64_t append_json(
    db::Tx& tx, std::string_view type, std::string_view data, About const& about);

template <class Data>
std::int64_t append(db::Tx& tx, Type<Data> const& type, Data const& data, About const& about = {})
{
    return append_json(tx, type.name, to_json(data), about);
}

/// Erasure: gives at most `limit` of the events of this type that name `person` the data that is
/// left of them; their offsets stay. Returns how many it changed: fewer than `limit` means all are
/// done. Append the matching `*.deleted` event after it: that makes readers forget what they hold.
std::int64_t redact_json(db::Tx& tx, PersonId const& person, std::string_view type,
    std::string_view data, std::int64_t limit);

template <class Data>
std::int64_t redact(db::Tx& tx, PersonId const& person, Type<Data> const& type, Data const& data,
    std::int64_t limit)
{
    return redact_json(tx, person, type.name, to_json(data), limit);
}

/// The data of one event, and other data for it: erasure of what no person is named for.
std::optional<std::string> data_at(db::Tx const& tx, std::int64_t offset);
void rewrite_at(db::Tx& tx, std::int64_t offset, std::string_view data);

/// The offset after which the events of `time` and later stand: 0 where all are as young, the head
/// where none is.
std::int64_t offset_before(db::Tx const& tx, Timestamp time);

/// Removes at most `limit` of the oldest events that are older than `before`, none of `keep_from`
/// or later, and moves the floor. Returns how many.
std::int64_t delete_older(db::Tx& tx, Timestamp before, std::int64_t keep_from, std::int64_t limit);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(Event const*);

}
