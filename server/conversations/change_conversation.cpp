#include "base/errors.hpp"
#include "conversations/cursors.hpp"
#include "people/merging.hpp"

#include <algorithm>

namespace hermod::conversations {

/// Groups are changed by their owners and admins, and by keys.
bool may_manage(Caller const& caller, Standing const& standing)
{
    if (caller.kind == Caller::Kind::api_key)
        return true;
    if (standing.kind == Kind::external)
        return caller.is_team();
    return standing.role && *standing.role != ParticipantRole::member;
}

static void require_may_manage(Caller const& caller, Standing const& standing)
{
    if (!may_manage(caller, standing))
        throw Problem{Errc::forbidden, "only an owner or admin of the conversation may do this"};
}

/// As in the team: owners are made and unmade by owners, and by keys.
static void require_may_change_owner(Caller const& caller, Standing const& standing)
{
    if (caller.kind != Caller::Kind::api_key && standing.kind == Kind::group
        && standing.role != ParticipantRole::owner)
        throw Problem{Errc::forbidden, "only an owner of the group makes or unmakes owners"};
}

Task<Conversation> update_conversation(
    Deps& deps, Caller const& caller, ConversationId const& id, UpdateConversation const& command)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto const standing = require_visible(tx, caller, id);
        require_may_manage(caller, standing);
        if (standing.kind == Kind::direct && command.title.present)
            throw Problem{Errc::not_editable, "a direct conversation has no title"};
        if (standing.kind != Kind::group && command.history)
            throw Problem{Errc::not_editable, "only a group has a history setting"};
        auto row = *find_view(tx, id, viewer_of(caller));
        auto const before = to_everybody(row);
        if (command.title.present)
            row.title =
                command.title.value ? std::optional{command.title.value->value} : std::nullopt;
        row.history = command.history.value_or(row.history);
        if (row.title == before.title && row.history == before.history)
            return to_view(row);

        update_settings(tx, id, row.title, row.history);
        Head head{tx, id};
        row.rev = head.next_rev();
        row.updated_at = tx.now();
        auto const offset = events::append(
            tx, conversation_updated, {to_everybody(row)}, {.conversation = id, .person = {}});
        head.touched(offset, tx.now());
        return to_view(row);
    });
}

Task<void> delete_conversation(Deps& deps, Caller const& caller, ConversationId const& id)
{
    co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        require_may_manage(caller, require_visible(tx, caller, id));
        Head head{tx, id};
        head.next_rev();
        auto const offset = events::append(
            tx, conversation_deleted, {{id, tx.now()}}, {.conversation = id, .person = {}});
        head.touched(offset, tx.now());
        mark_deleted(tx, id);
    });
}

Task<net::Page<Participant>> list_participants(
    Deps& deps, Caller const& caller, ConversationId const& id)
{
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        require_visible(tx, caller, id);
        return net::Page<Participant>{participants_of(tx, id), std::nullopt};
    });
}

/// Returns the offset of the event.
static std::int64_t note_participant(db::Tx& tx, events::Type<ParticipantEvent> const& type,
    ConversationId const& id, Participant const& participant)
{
    Head head{tx, id};
    head.next_rev();
    auto const offset = events::append(
        tx, type, {participant}, {.conversation = id, .person = participant.person_id});
    head.touched(offset, tx.now());
    return offset;
}

/// Who may be in a group at most: receipts and fan-out are sized for it.
static constexpr std::int64_t most_participants = 1000;

/// A group that its last owner has left, or is owner of no more, goes to the admin, else the
/// member, who is longest in it.
static void find_new_owner(db::Tx& tx, ConversationId const& id)
{
    auto const people = participants_of(tx, id);
    auto const first = std::ranges::min_element(people, {}, &Participant::role);
    if (first == people.end() || first->role == ParticipantRole::owner)
        return;
    auto heir = *first;
    heir.role = ParticipantRole::owner;
    update_role(tx, id, heir.person_id, heir.role);
    note_participant(tx, participant_added, id, heir);
}

Task<Participant> set_participant(Deps& deps, Caller const& caller, ConversationId const& id,
    PersonId const& named, SetParticipant const& command)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto const standing = require_visible(tx, caller, id);
        require_may_manage(caller, standing);
        auto const person = people::require_person(tx, named).id;
        if (auto known = find_participant(tx, id, person)) {
            if (known->role == command.role.value)
                return *known;
            if (known->role == ParticipantRole::owner
                || command.role.value == ParticipantRole::owner)
                require_may_change_owner(caller, standing);
            auto const was_owner = known->role == ParticipantRole::owner;
            known->role = command.role.value;
            update_role(tx, id, person, known->role);
            note_participant(tx, participant_added, id, *known);
            if (was_owner)
                find_new_owner(tx, id);
            return *find_participant(tx, id, person);
        }
        if (standing.kind == Kind::direct)
            throw Problem{Errc::not_editable, "a direct conversation stays between two people"};
        if (count_participants(tx, id) >= most_participants)
            throw Problem{Errc::limit_reached, "a conversation takes at most 1,000 people"};
        if (command.role.value == ParticipantRole::owner)
            require_may_change_owner(caller, standing);
        auto const seq = Head{tx, id}.seq();
        auto const all = find_conversation(tx, id)->history == History::start;
        Participant const participant{person, command.role.value, all ? 0 : seq, seq, seq};
        auto const offset = note_participant(tx, participant_added, id, participant);
        insert_participant(tx, id, participant, all ? 0 : offset);
        return participant;
    });
}

Task<void> remove_participant(
    Deps& deps, Caller const& caller, ConversationId const& id, PersonId const& named)
{
    co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto const standing = require_visible(tx, caller, id);
        auto const person = people::survivor_of(tx, named);
        if (person != caller.person)
            require_may_manage(caller, standing);
        auto const participant = find_participant(tx, id, person);
        if (!participant)
            throw Problem{Errc::participant_not_found};
        if (standing.kind == Kind::direct)
            throw Problem{Errc::not_editable, "a direct conversation stays between two people"};
        if (person != caller.person && participant->role == ParticipantRole::owner)
            require_may_change_owner(caller, standing);
        delete_participant(tx, id, person);
        forget_mentions(tx, id, person);
        insert_departure(
            tx, id, *participant, note_participant(tx, participant_removed, id, *participant));
        if (participant->role == ParticipantRole::owner)
            find_new_owner(tx, id);
    });
}

}
