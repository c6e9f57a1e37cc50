#include "conversations/merged_people.hpp"

#include "conversations/cursors.hpp"

#include <algorithm>

namespace hermod::conversations {

namespace {

/// What a participant is in a conversation, to be put back.
struct Place {
    ParticipantRole role = ParticipantRole::member;
    std::int64_t joined_seq = 0;
    std::int64_t joined_offset = 0;
};
BOOST_DESCRIBE_STRUCT(Place, (), (role, joined_seq, joined_offset))

struct MoveRow {
    ConversationId conversation_id;
    std::string place;
    std::optional<std::string> own_place;
    bool rekeyed = false;
    std::int64_t merged_offset = 0;
};
BOOST_DESCRIBE_STRUCT(MoveRow, (), (conversation_id, place, own_place, rekeyed, merged_offset))

std::vector<ConversationId> list_places(
    db::Tx const& tx, PersonId const& person, std::int64_t limit)
{
    return tx.all<ConversationId>(R"sql(
        SELECT p.conversation_id FROM participants p
        JOIN conversations c ON c.workspace_id = p.workspace_id AND c.id = p.conversation_id
        WHERE p.workspace_id = $1 AND p.person_id = $2 AND c.deleted_at IS NULL
        ORDER BY p.conversation_id LIMIT $3)sql",
        person, limit);
}

void insert_move(db::Tx& tx, people::Merge const& merge, MoveRow const& row)
{
    tx.run(R"sql(
        INSERT INTO participant_moves (workspace_id, merged_offset, conversation_id, survivor_id,
            place, own_place, rekeyed)
        VALUES ($1, $2, $3, $4, $5, $6, $7))sql",
        merge.id, row.conversation_id, merge.survivor, row.place, row.own_place, row.rekeyed);
}

std::vector<MoveRow> list_moves(db::Tx const& tx, people::Merge const& merge, std::int64_t limit)
{
    return tx.all<MoveRow>(R"sql(
        SELECT {columns} FROM participant_moves
        WHERE workspace_id = $1 AND merged_offset = $2
        ORDER BY conversation_id LIMIT $3)sql",
        merge.id, limit);
}

void delete_move(db::Tx& tx, people::Merge const& merge, ConversationId const& conversation)
{
    tx.run(R"sql(
        DELETE FROM participant_moves
        WHERE workspace_id = $1 AND merged_offset = $2 AND conversation_id = $3)sql",
        merge.id, conversation);
}

/// Every merge that brought somebody's place in the conversation to the same survivor, in their
/// order.
std::vector<MoveRow> list_moves_to(
    db::Tx const& tx, PersonId const& survivor, ConversationId const& conversation)
{
    return tx.all<MoveRow>(R"sql(
        SELECT {columns} FROM participant_moves
        WHERE workspace_id = $1 AND conversation_id = $2 AND survivor_id = $3
        ORDER BY merged_offset)sql",
        conversation, survivor);
}

/// The survivor's place before that merge was what it is now said to have been.
void update_own_place(db::Tx& tx, std::int64_t merged_offset, ConversationId const& conversation,
    std::optional<std::string> const& own_place)
{
    tx.run(R"sql(
        UPDATE participant_moves SET own_place = $4
        WHERE workspace_id = $1 AND merged_offset = $2 AND conversation_id = $3)sql",
        merged_offset, conversation, own_place);
}

void update_unique_key(db::Tx& tx, ConversationId const& conversation, std::string_view key)
{
    tx.run("UPDATE conversations SET unique_key = $3 WHERE workspace_id = $1 AND id = $2",
        conversation, key);
}

/// The key with one person in the place of another; nothing where the two are its two people.
std::optional<std::string> key_with(
    std::string const& key, PersonId const& from, PersonId const& to)
{
    auto const colon = key.find(':');
    auto first = key.substr(colon + 1, key.find(':', colon + 1) - colon - 1);
    auto second = key.substr(key.rfind(':') + 1);
    for (auto* const part : {&first, &second})
        if (*part == from.str())
            *part = to.str();
    if (first == second)
        return std::nullopt;
    if (key.starts_with("direct:") && second < first)
        std::swap(first, second);
    return key.substr(0, colon + 1) + first + ':' + second;
}

/// The conversation is `to`'s one of its kind from now on, where they have none; else both stay,
/// and `to`'s own is found. Returns whether it changed.
bool take_key(
    db::Tx& tx, ConversationId const& conversation, PersonId const& from, PersonId const& to)
{
    auto const row = find_conversation(tx, conversation);
    if (!row || !row->unique_key)
        return false;
    auto const key = key_with(*row->unique_key, from, to);
    if (!key || *key == *row->unique_key || find_by_unique_key(tx, *key))
        return false;
    update_unique_key(tx, conversation, *key);
    return true;
}

struct Held {
    Participant participant;
    std::int64_t joined_offset = 0;
};

std::optional<Held> find_held(
    db::Tx const& tx, ConversationId const& conversation, PersonId const& person)
{
    auto participant = find_participant(tx, conversation, person);
    if (!participant)
        return std::nullopt;
    return Held{*participant, *find_joined_offset(tx, conversation, person)};
}

Place place_of(Held const& held)
{
    return {held.participant.role, held.participant.joined_seq, held.joined_offset};
}

std::int64_t announce(db::Tx& tx, events::Type<ParticipantEvent> const& type,
    ConversationId const& conversation, Participant const& participant)
{
    Head head{tx, conversation};
    head.next_rev();
    auto const offset = events::append(
        tx, type, {participant}, {.conversation = conversation, .person = participant.person_id});
    head.touched(offset, tx.now());
    return offset;
}

void take_out(db::Tx& tx, ConversationId const& conversation, Participant const& participant)
{
    delete_participant(tx, conversation, participant.person_id);
    insert_departure(tx, conversation, participant,
        announce(tx, participant_removed, conversation, participant));
}

/// Beyond all that one who was not in the conversation may have written there: before they left it,
/// or as one of the team, who write to customers without being in it.
std::int64_t own_until(db::Tx& tx, ConversationId const& conversation, PersonId const& person)
{
    auto const standing = find_standing(tx, conversation, person);
    auto const row = people::find_person(tx, person);
    if (standing && standing->kind == Kind::external && row
        && row->kind == people::PersonKind::member)
        return Head{tx, conversation}.seq();
    return read_when_left(tx, conversation, person);
}

/// One who was not in it comes with what the merged person had muted, archived and pinned there.
void put_in(db::Tx& tx, ConversationId const& conversation, Participant const& participant,
    std::int64_t joined_offset, CursorRow settings)
{
    insert_participant(tx, conversation, participant, joined_offset);
    settings.person_id = participant.person_id;
    settings.recv_seq = participant.recv_seq;
    settings.read_seq = participant.read_seq;
    update_cursors(tx, conversation, settings);
}

/// The higher role and the earlier join of two.
Place both_of(Place const& a, Place const& b)
{
    return {std::min(a.role, b.role), std::min(a.joined_seq, b.joined_seq),
        std::min(a.joined_offset, b.joined_offset)};
}

void put(Held& held, Place const& place)
{
    held.participant.role = place.role;
    held.participant.joined_seq = place.joined_seq;
    held.joined_offset = place.joined_offset;
}

void follow_in(db::Tx& tx, people::Merge const& merge, ConversationId const& conversation)
{
    auto const theirs = *find_held(tx, conversation, merge.merged);
    auto const own = find_held(tx, conversation, merge.survivor);
    auto const settings = *find_cursors(tx, conversation, merge.merged);
    take_out(tx, conversation, theirs.participant);
    auto both = own.value_or(theirs);
    auto& participant = both.participant;
    participant.person_id = merge.survivor;
    put(both, both_of(place_of(both), place_of(theirs)));
    participant.recv_seq = std::max(participant.recv_seq, theirs.participant.recv_seq);
    participant.read_seq = std::max(participant.read_seq, theirs.participant.read_seq);
    if (!own)
        participant.read_seq =
            std::max(participant.read_seq, own_until(tx, conversation, merge.survivor));
    participant.recv_seq = std::max(participant.recv_seq, participant.read_seq);
    if (own)
        update_participant(tx, conversation, participant, both.joined_offset);
    else
        put_in(tx, conversation, participant, both.joined_offset, settings);
    announce(tx, participant_added, conversation, participant);
    auto const rekeyed = take_key(tx, conversation, merge.merged, merge.survivor);
    insert_move(tx, merge,
        {conversation, to_json(place_of(theirs)),
            own ? std::optional{to_json(place_of(*own))} : std::nullopt, rekeyed, merge.id});
}

/// What the survivor is without this move: their own place before the first, with what the others
/// brought.
std::optional<Place> place_without(
    db::Tx& tx, people::Merge const& merge, ConversationId const& conversation)
{
    auto moves = list_moves_to(tx, merge.survivor, conversation);
    auto const own = moves.front().own_place;
    auto place = own ? std::optional{read_stored_json<Place>(*own)} : std::nullopt;
    std::erase_if(moves, [&](auto const& move) { return move.merged_offset == merge.id; });
    for (auto const& move : moves) {
        auto const brought = read_stored_json<Place>(move.place);
        place = place ? both_of(*place, brought) : brought;
    }
    if (!moves.empty())
        update_own_place(tx, moves.front().merged_offset, conversation, own);
    return place;
}

void leave_survivor(
    db::Tx& tx, ConversationId const& conversation, Held const& now, std::optional<Place> place)
{
    auto left = now;
    if (!place) {
        forget_mentions(tx, conversation, now.participant.person_id);
        take_out(tx, conversation, now.participant);
        return;
    }
    // Nobody gets back a role that was taken from them since.
    place->role = std::max(place->role, now.participant.role);
    put(left, *place);
    update_participant(tx, conversation, left.participant, left.joined_offset);
    announce(tx, participant_added, conversation, left.participant);
}

void go_back_in(db::Tx& tx, people::Merge const& merge, MoveRow const& move)
{
    auto const& conversation = move.conversation_id;
    auto const rest = place_without(tx, merge, conversation);
    delete_move(tx, merge, conversation);
    if (move.rekeyed)
        take_key(tx, conversation, merge.survivor, merge.merged);
    // Who left, or was removed, since the merge does not come back through its undoing.
    auto const now = find_held(tx, conversation, merge.survivor);
    if (!now || !find_conversation(tx, conversation))
        return;
    leave_survivor(tx, conversation, *now, rest);
    auto theirs = *now;
    auto place = read_stored_json<Place>(move.place);
    place.role = std::max(place.role, now->participant.role);
    theirs.participant.person_id = merge.merged;
    put(theirs, place);
    insert_participant(tx, conversation, theirs.participant, theirs.joined_offset);
    announce(tx, participant_added, conversation, theirs.participant);
}

}

std::int64_t MergedPeople::follow(db::Tx& tx, people::Merge const& merge, std::int64_t limit) const
{
    auto const conversations = list_places(tx, merge.merged, limit);
    for (auto const& conversation : conversations)
        follow_in(tx, merge, conversation);
    return static_cast<std::int64_t>(conversations.size());
}

std::int64_t MergedPeople::go_back(db::Tx& tx, people::Merge const& merge, std::int64_t limit) const
{
    auto const moves = list_moves(tx, merge, limit);
    for (auto const& move : moves)
        go_back_in(tx, merge, move);
    return static_cast<std::int64_t>(moves.size());
}

}
