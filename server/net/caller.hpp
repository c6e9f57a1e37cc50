#pragma once

#include "base/crypto.hpp"
#include "base/ids.hpp"
#include "base/reflect.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace hermod {

enum class Role { owner, admin, agent, viewer };
BOOST_DESCRIBE_ENUM(Role, owner, admin, agent, viewer)

/// One use of an `Idempotency-Key`: remembered for a day per (workspace, caller, route), and only
/// where the request succeeded.
struct IdempotencyUse {
    std::string key;
    std::string route; ///< `POST /api/v1/messages`
    Digest body_hash;
    seconds keep{24 * 3600};
};

/// Who is asking. Plain data, filled by access/.
struct Caller {
    enum class Kind { anonymous, api_key, session };

    Kind kind = Kind::anonymous;
    WorkspaceId workspace; ///< nil: a login with several, on a route that needs none
    PersonId person; ///< nil with it; an API key acts as its own bot
    LoginId login; ///< of a session
    SessionId session;
    KeyId key; ///< of an API key
    Role role = Role::viewer; ///< of a session; a key has scopes instead
    std::set<std::string, std::less<>> scopes; ///< of a key
    bool test = false; ///< a test key: sandbox accounts only
    std::string request_id;
    std::optional<IdempotencyUse> idempotency;

    /// Of the workspace's own side: a member or a program of theirs, who may see what is internal.
    bool is_team() const { return kind == Kind::api_key || kind == Kind::session; }

    /// `people:write` includes `people:read`; `admin` includes all. A session may what its role
    /// may.
    bool has_scope(std::string_view scope) const;
};

}
