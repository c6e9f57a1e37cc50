#pragma once

#include "access/access.hpp"

#include <array>
#include <string_view>

/// Tokens that a tenant's backend asks for, one for each of its app users.
namespace hermod::access {

/// What an app user may do, where a route is for people at all: what is their own.
inline constexpr std::array<std::string_view, 6> person_scopes{"conversations:write", "events:read",
    "files:write", "messages:write", "people:read", "search:read"};
/// `POST /messages`, to any address: only where the tenant's backend granted it.
inline constexpr std::string_view addressed_sends_scope = "messages:send_addressed";

/// Users and contacts; members and bots have credentials of their own.
bool may_have_token(people::PersonRow const& person);

struct CreatePersonToken {
    Or<Int<60, 30 * 24 * 3600>, std::int64_t{3600}> expires_in; ///< seconds
    Or<bool, false> addressed_sends; ///< whether it may also send to any address
};
BOOST_DESCRIBE_STRUCT(CreatePersonToken, (), (expires_in, addressed_sends))
FieldTexts field_texts(CreatePersonToken const*);

struct IssuedPersonToken {
    std::optional<std::string> token; ///< null where an idempotent request is answered again
    Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(IssuedPersonToken, (), (token, expires_at))
FieldTexts field_texts(IssuedPersonToken const*);

/// Of a user or a contact. Throws forbidden for members and bots, who have their own credentials.
Task<IssuedPersonToken> create_person_token(
    Deps& deps, Caller const& caller, PersonId const& id, CreatePersonToken const& command);

}
