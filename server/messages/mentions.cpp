#include "messages/mentions.hpp"

#include "base/errors.hpp"
#include "people/merging.hpp"

#include <algorithm>

namespace hermod::messages {

std::vector<PersonId> mentions_of(MessageRow const& row)
{
    return row.mentions ? read_stored_json<std::vector<PersonId>>(*row.mentions)
                        : std::vector<PersonId>{};
}

std::vector<PersonId> read_mentions(db::Tx const& tx, ConversationId const& conversation,
    PersonId const& author, Mentions const& mentions)
{
    std::vector<PersonId> people;
    for (auto const& named : mentions.items)
        if (auto const person = people::survivor_of(tx, named);
            person != author && std::ranges::find(people, person) == people.end())
            people.push_back(person);
    for (auto const& person : people) {
        auto const standing = conversations::find_standing(tx, conversation, person);
        auto const known = people::find_person(tx, person);
        auto const of_the_team = known && known->kind == people::PersonKind::member && standing
            && standing->kind == conversations::Kind::external;
        if (!known || !standing || !(standing->role || of_the_team))
            throw Problem{Errc::participant_not_found, "mentions names no participant"};
    }
    return people;
}

void replace_mentions(db::Tx& tx, MessageRow& row, std::vector<PersonId> const& mentions)
{
    if (!row.silent) {
        conversations::remove_mentions(tx, row.conversation_id, row.seq, mentions_of(row));
        conversations::add_mentions(tx, row.conversation_id, row.seq, mentions);
    }
    row.mentions = mentions.empty() ? std::nullopt : std::optional{to_json(mentions)};
}

}
