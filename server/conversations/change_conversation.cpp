#include "base/errors.hpp"
#include "conversations/store.hpp"
#include "people/people.hpp"

namespace hermod::conversations {

/// Groups are changed by their owners and admins, and by keys; nobody renames a direct one.
static void require_may_manage(Caller const& caller, Standing const& standing)
{
    if (caller.kind == Caller::Kind::api_key)
        return;
    if (standing.kind == Kind::external)
        return;
    if (!standing.role || *standing.role == ParticipantRole::member)
        throw Problem{Errc::forbidden, "only an owner or admin of the conversation may do this"};
}

Task<Conversation> update_conversation(
    Deps& deps, Caller const& caller, ConversationId const& id, UpdateConversation const& command)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto const standing = require_visible(tx, caller, id);
        require_may_manage(caller, standing);
        if (standing.kind == Kind::direct && command.title.present)
            throw Problem{Errc::not_editable, "a direct conversation has no title"};
        auto row = *find_view(tx, id, caller.person);
        auto const title =
            command.title.value ? std::optional{command.title.value->value} : std::nullopt;
        if (!command.title.present || title == row.title)
            return view_of(tx, row, caller.person);

        update_title(tx, id, title);
        Head head{tx, id};
        row.title = title;
        row.rev = head.next_rev();
        row.updated_at = tx.now();
        auto const mine = view_of(tx, row, caller.person);
        auto everybodys = mine;
        everybodys.unread.reset();
        auto const offset = events::append(
            tx, conversation_updated, {everybodys}, {.conversation = id, .person = {}});
        head.touched(offset, tx.now());
        return mine;
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
        return net::Page<Participant>{list_participants(tx, id), std::nullopt};
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

Task<Participant> set_participant(Deps& deps, Caller const& caller, ConversationId const& id,
    PersonId const& person, SetParticipant const& command)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto const standing = require_visible(tx, caller, id);
        require_may_manage(caller, standing);
        people::require_person(tx, person);
        if (auto known = find_participant(tx, id, person)) {
            if (known->role == command.role.value)
                return *known;
            known->role = command.role.value;
            update_role(tx, id, person, known->role);
            note_participant(tx, participant_added, id, *known);
            return *known;
        }
        if (standing.kind == Kind::direct)
            throw Problem{Errc::not_editable, "a direct conversation stays between two people"};
        if (count_participants(tx, id) >= most_participants)
            throw Problem{Errc::limit_reached, "a conversation takes at most 1,000 people"};
        auto const seq = Head{tx, id}.seq();
        Participant const participant{person, command.role.value, seq, seq, seq};
        auto const offset = note_participant(tx, participant_added, id, participant);
        insert_participant(tx, id, participant, offset);
        return participant;
    });
}

Task<void> remove_participant(
    Deps& deps, Caller const& caller, ConversationId const& id, PersonId const& person)
{
    co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto const standing = require_visible(tx, caller, id);
        if (person != caller.person)
            require_may_manage(caller, standing);
        auto const participant = find_participant(tx, id, person);
        if (!participant)
            throw Problem{Errc::participant_not_found};
        if (standing.kind == Kind::direct)
            throw Problem{Errc::not_editable, "a direct conversation stays between two people"};
        delete_participant(tx, id, person);
        note_participant(tx, participant_removed, id, *participant);
    });
}

}
