#include "accounts/accounts.hpp"
#include "conversations/head.hpp"
#include "conversations/store.hpp"
#include "people/people.hpp"

#include <algorithm>

namespace hermod::conversations {

static Conversation fresh_view(ConversationRow const& row, Head const& head)
{
    return {.id = row.id,
        .kind = row.kind,
        .title = row.title,
        .account_id = row.account_id,
        .seq = head.seq(),
        .rev = head.rev(),
        .unread = {},
        .history = row.history,
        .me = {},
        .created_at = row.created_at,
        .updated_at = row.created_at};
}

/// Opens a conversation with its people: one event for it, one for each of them.
static ConversationId open_conversation(
    db::Tx& tx, ConversationRow row, std::vector<NewParticipant> const& people)
{
    row.id = ConversationId::make(tx.now());
    row.created_at = tx.now();
    insert_conversation(tx, row);
    open_head(tx, row.id, row.kind == Kind::external);
    Head head{tx, row.id};
    head.next_rev();
    auto offset = events::append(
        tx, conversation_created, {fresh_view(row, head)}, {.conversation = row.id, .person = {}});
    // Who is there from the beginning sees the log from the first event on.
    auto const joined_offset = offset;
    for (auto const& person : people) {
        Participant const participant{person.person_id, person.role.value, 0, 0, 0};
        insert_participant(tx, row.id, participant, joined_offset);
        head.next_rev();
        offset = events::append(tx, participant_added, {participant},
            {.conversation = row.id, .person = person.person_id});
    }
    head.touched(offset, tx.now());
    return row.id;
}

static ConversationId find_or_open(
    db::Tx& tx, ConversationRow row, std::vector<NewParticipant> const& people)
{
    if (auto const known = find_by_unique_key(tx, *row.unique_key))
        return *known;
    return open_conversation(tx, std::move(row), people);
}

ConversationId find_or_create_external(db::Tx& tx, AccountId const& account, PersonId const& person)
{
    ConversationRow row{.id = {},
        .kind = Kind::external,
        .title = {},
        .account_id = account,
        .unique_key = "external:" + account.str() + ':' + person.str(),
        .history = History::join,
        .created_at = {}};
    return find_or_open(tx, std::move(row), {{person, {ParticipantRole::member}}});
}

ConversationId find_or_create_direct(db::Tx& tx, PersonId const& a, PersonId const& b)
{
    auto const [first, second] = std::minmax(a, b);
    ConversationRow row{.id = {},
        .kind = Kind::direct,
        .title = {},
        .account_id = {},
        .unique_key = "direct:" + first.str() + ':' + second.str(),
        .history = History::join,
        .created_at = {}};
    return find_or_open(
        tx, std::move(row), {{a, {ParticipantRole::member}}, {b, {ParticipantRole::member}}});
}

static Problem wrong(std::string field, std::string message)
{
    return Problem{Errc::invalid_body, {}, {{std::move(field), std::move(message)}}};
}

static ConversationId create_direct(
    db::Tx& tx, Caller const& caller, std::vector<NewParticipant> const& people)
{
    auto ids = std::vector<PersonId>{};
    for (auto const& person : people)
        ids.push_back(person.person_id);
    if (ids.size() == 1)
        ids.push_back(caller.person);
    auto const own =
        caller.kind == Caller::Kind::api_key || std::ranges::find(ids, caller.person) != ids.end();
    if (ids.size() != 2 || ids[0] == ids[1] || !own)
        throw wrong("participants", "must name the other person of a direct conversation");
    return find_or_create_direct(tx, ids[0], ids[1]);
}

static ConversationId create_group(db::Tx& tx, Caller const& caller,
    CreateConversation const& command, std::vector<NewParticipant> people)
{
    auto const is_caller = [&](NewParticipant const& p) { return p.person_id == caller.person; };
    // A human is in the group they make; a program makes groups for others.
    if (caller.kind != Caller::Kind::api_key && std::ranges::none_of(people, is_caller))
        people.insert(people.begin(), {caller.person, {ParticipantRole::owner}});
    ConversationRow row{.id = {},
        .kind = Kind::group,
        .title = command.title ? std::optional{command.title->value} : std::nullopt,
        .account_id = {},
        .unique_key = {},
        .history = command.history.value,
        .created_at = {}};
    return open_conversation(tx, std::move(row), people);
}

static ConversationId create_external(db::Tx& tx, accounts::Connectors const& connectors,
    Caller const& caller, CreateConversation const& command)
{
    if (!caller.is_team())
        throw Problem{Errc::forbidden, "an app user opens conversations of the app alone"};
    if (!command.account_id)
        throw wrong("account_id", "is required for an external conversation");
    if (!command.to)
        throw wrong("to", "is required for an external conversation");
    auto const account = accounts::find_account(tx, *command.account_id);
    if (!account || !accounts::may_reach(caller, *account))
        throw Problem{Errc::account_not_found, {}, {{"account_id", "names no account"}}};
    auto const address = people::parse_address(command.to->value, "to");
    if (!accounts::reaches(connectors, *account, address.kind))
        throw Problem{Errc::recipient_unreachable, {},
            {{"to",
                "is of a kind that an account of " + account->connector
                    + " does not reach: " + std::string{to_name(address.kind)}}}};
    auto const person = people::find_or_create_by_address(tx, address);
    return find_or_create_external(tx, account->id, person.person);
}

static std::vector<NewParticipant> checked_people(
    db::Tx const& tx, std::optional<List<NewParticipant, 0, 500>> const& participants)
{
    auto people = participants ? participants->items : std::vector<NewParticipant>{};
    std::vector<PersonId> ids;
    for (auto const& person : people)
        ids.push_back(person.person_id);
    ids = people::require_people(tx, ids);
    for (std::size_t i = 0; i < ids.size(); ++i)
        people[i].person_id = ids[i];
    std::ranges::sort(ids);
    if (std::ranges::adjacent_find(ids) != ids.end())
        throw wrong("participants", "names a person twice");
    return people;
}

Conversation create_conversation(db::Tx& tx, accounts::Connectors const& connectors,
    Caller const& caller, CreateConversation const& command)
{
    auto const people = checked_people(tx, command.participants);
    if (command.kind != Kind::external && command.account_id)
        throw wrong("account_id", "is for external conversations");
    if (command.kind != Kind::external && command.to)
        throw wrong("to", "is for external conversations");
    if (command.kind != Kind::group && command.title)
        throw wrong("title", "is for group conversations");
    if (command.kind != Kind::group && command.history.value != History::join)
        throw wrong("history", "is for group conversations");
    auto const id = [&] {
        switch (command.kind) {
        case Kind::direct:
            return create_direct(tx, caller, people);
        case Kind::group:
            return create_group(tx, caller, command, people);
        case Kind::external:
            return create_external(tx, connectors, caller, command);
        }
        throw wrong("kind", "is not a kind");
    }();
    return current_view(tx, caller, id);
}

}
