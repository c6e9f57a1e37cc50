#include "net/route_ids.hpp"

#include "net/request.hpp"

#include <algorithm>
#include <array>

namespace hermod::net {

template <class IdType>
static PathId id(char const* name)
{
    return {name, IdType::prefix, not_found_code<IdType>()};
}

static std::vector<PathId> const& known_ids()
{
    static std::vector<PathId> const ids{
        id<WorkspaceId>("workspace_id"),
        id<PersonId>("person_id"),
        id<AddressId>("address_id"),
        id<AccountId>("account_id"),
        id<ConversationId>("conversation_id"),
        id<MessageId>("message_id"),
        id<JobId>("job_id"),
        id<KeyId>("key_id"),
        id<KeyId>("api_key_id"),
        id<SessionId>("session_id"),
    };
    return ids;
}

std::vector<PathId> values_in_path(std::string_view path)
{
    std::vector<PathId> values;
    for (auto open = path.find('{'); open != std::string_view::npos;
        open = path.find('{', open + 1)) {
        auto const name = path.substr(open + 1, path.find('}', open) - open - 1);
        auto const known = std::ranges::find(known_ids(), name, &PathId::name);
        values.push_back(known != known_ids().end() ? *known : PathId{std::string{name}, {}});
    }
    return values;
}

std::vector<PathId> ids_in_path(std::string_view path)
{
    auto values = values_in_path(path);
    std::erase_if(values, [](PathId const& value) { return value.prefix.empty(); });
    return values;
}

}
