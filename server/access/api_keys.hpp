#pragma once

#include "access/access.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What the use cases of API keys share.
namespace hermod::access {

/// A plain key, made before the transaction; only its hash is stored.
struct Secret {
    std::string key; ///< `hk_live_…`; `hp_live_…` of a publishable one
    std::string prefix; ///< what stays visible of it
    Digest hash{};

    static Secret make(Environment environment, bool publishable);
    static Secret of(Environment environment, bool publishable, std::string_view random);
};

/// `<area>:read|write`, `messages:send`, `messages:send_as` or `admin`.
bool is_scope(std::string_view scope);

/// Nobody hands out what they do not hold: throws missing_scope, and test_key_refused where a test
/// key asks for a live one.
void require_may_grant(
    Caller const& caller, std::vector<std::string> const& scopes, Environment environment);

/// The answer with the key in it; `without_key` for every later one.
IssuedApiKey with_key(ApiKey const& view, std::string key);
std::string without_key(IssuedApiKey const& issued);

/// A key about to be. Throws invalid_body where a scope or the expiry is wrong.
struct NewApiKey {
    KeyId id;
    std::string name;
    Environment environment = Environment::live;
    std::vector<std::string> scopes;
    std::optional<Timestamp> expires_at;
    std::optional<Publishable> publishable;
    Secret secret;

    static NewApiKey make(CreateApiKey const& command, Timestamp now);
};

/// Makes the key, its bot and its credential; audited. Throws limit_reached.
IssuedApiKey issue(db::Tx& tx, Caller const& caller, NewApiKey const& key);

}
