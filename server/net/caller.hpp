#pragma once

#include "base/crypto.hpp"
#include "base/ids.hpp"
#include "base/reflect.hpp"
#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace hermod {

enum class Role { owner, admin, agent, viewer };
BOOST_DESCRIBE_ENUM(Role, owner, admin, agent, viewer)

/// What a role may: the one table.
std::span<std::string_view const> scopes_of(Role role);

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
    /// `person`: an app user by their own token. `publishable`: a page by a key that is no secret.
    enum class Kind { anonymous, api_key, session, person, publishable };

    Kind kind = Kind::anonymous;
    WorkspaceId workspace; ///< nil: a login with several, on a route that needs none
    PersonId person; ///< nil with it; an API key acts as its own bot
    LoginId login; ///< of a session
    SessionId session;
    KeyId key; ///< of an API key or a publishable one
    Role role = Role::viewer; ///< of a session; a key or a person's token has scopes instead
    std::set<std::string, std::less<>> scopes; ///< of a key or a person's token
    bool test = false; ///< a test key: sandbox accounts only
    std::string request_id;
    std::string remote_address; ///< textual, without port
    Timestamp credentials_end_at; ///< a stream that they opened ends then
    std::uint64_t rights_as_of = 0; ///< when these rights were looked up, for net::Revocations
    std::optional<IdempotencyUse> idempotency;

    /// Of the workspace's own side: a member or a program of theirs, who may see what is internal.
    bool is_team() const { return kind == Kind::api_key || kind == Kind::session; }

    /// `people:write` includes `people:read`; `admin` includes all. A session may what its role
    /// may.
    bool has_scope(std::string_view scope) const;
};

}
