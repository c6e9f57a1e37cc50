#include "events/audience.hpp"

namespace hermod::events {

bool Audience::sees_type(Caller const& caller, std::string_view type) const
{
    auto const* const info = catalogue_.find(type);
    return info && caller.has_scope(std::string{info->area} + ":read");
}

bool Audience::sees(db::Tx const& tx, Caller const& caller, Line const& line) const
{
    if (!sees_type(caller, line.type))
        return false;
    if (caller.test && !membership_.test_key_sees(tx, line))
        return false;
    if (caller.kind == Caller::Kind::api_key || line.person_id == caller.person)
        return true;
    if (line.reach == Reach::person || (line.reach == Reach::team && !caller.is_team()))
        return false;
    if (!line.conversation_id)
        return caller.is_team();
    auto const standing = membership_.standing(tx, *line.conversation_id, caller.person);
    return (standing.external && caller.is_team())
        || (standing.joined_offset && line.log_offset >= *standing.joined_offset);
}

}
