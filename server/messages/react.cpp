#include "base/errors.hpp"
#include "messages/append.hpp"
#include "messages/sight.hpp"
#include "people/merging.hpp"

#include <algorithm>
#include <set>

namespace hermod::messages {

static constexpr std::size_t most_reactions = 1000;
static constexpr std::size_t most_emoji = 50;

static MessageRow require_reactable(db::Tx const& tx, Caller const& caller, MessageId const& id)
{
    auto row = require_present(tx, caller, id);
    if (is_external(row))
        throw Problem{Errc::unsupported_content, "the account cannot carry reactions"};
    return row;
}

static void require_room(std::vector<Reaction> const& reactions, std::string const& emoji)
{
    if (reactions.size() >= most_reactions)
        throw Problem{Errc::limit_reached, "a message takes at most 1,000 reactions"};
    std::set<std::string_view> kinds{emoji};
    for (auto const& reaction : reactions)
        kinds.insert(reaction.emoji);
    if (kinds.size() > most_emoji)
        throw Problem{Errc::limit_reached, "a message takes at most 50 different emoji"};
}

/// Whether one is the caller's, who may have been merged since.
static bool is_by(
    Reaction const& reaction, std::vector<PersonId> const& ids, std::string const& emoji)
{
    return reaction.emoji == emoji && std::ranges::find(ids, reaction.person_id) != ids.end();
}

static Message write_reactions(db::Tx& tx, MessageRow row, std::vector<Reaction> const& reactions,
    events::Type<ReactionEvent> const& type, Reaction const& changed)
{
    row.reactions = reactions.empty() ? std::nullopt : std::optional{to_json(reactions)};
    write_change(tx, row, [&](Message const& message, events::About const& about) {
        return events::append(
            tx, type, {message.id, changed.person_id, changed.emoji, message}, about);
    });
    return to_message(row);
}

Task<Message> add_reaction(
    Deps& deps, Caller const& caller, MessageId const& id, Emoji const& emoji)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto row = require_reactable(tx, caller, id);
        auto reactions = to_message(row).reactions;
        auto const ids = people::ids_of(tx, caller.person);
        if (std::ranges::any_of(
                reactions, [&](auto const& one) { return is_by(one, ids, emoji.value); }))
            return to_message(row);
        Reaction const mine{caller.person, emoji.value};
        require_room(reactions, emoji.value);
        reactions.push_back(mine);
        return write_reactions(tx, std::move(row), reactions, reaction_added, mine);
    });
}

Task<Message> remove_reaction(
    Deps& deps, Caller const& caller, MessageId const& id, Emoji const& emoji)
{
    co_return co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        auto row = require_reactable(tx, caller, id);
        auto reactions = to_message(row).reactions;
        auto const ids = people::ids_of(tx, caller.person);
        auto const is_mine = [&](auto const& one) { return is_by(one, ids, emoji.value); };
        auto const found = std::ranges::find_if(reactions, is_mine);
        if (found == reactions.end())
            return to_message(row);
        auto const taken = *found;
        std::erase_if(reactions, is_mine);
        return write_reactions(tx, std::move(row), reactions, reaction_removed, taken);
    });
}

}
