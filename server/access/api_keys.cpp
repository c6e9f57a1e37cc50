#include "access/api_keys.hpp"

#include "access/publishable.hpp"
#include "access/store.hpp"
#include "workspaces/audit.hpp"

#include <algorithm>
#include <array>

namespace hermod::access {

static constexpr std::size_t max_api_keys = 200; // of one workspace

/// The first segments of the routes.
static constexpr std::array<std::string_view, 24> areas{"accounts", "analytics", "api_keys",
    "audit_log", "automations", "campaigns", "canned_replies", "conversations", "deliveries",
    "events", "files", "jobs", "labels", "messages", "notifications", "people", "pusher_apps",
    "sandbox", "schedules", "search", "segments", "templates", "webhooks", "workspaces"};

Secret Secret::of(Environment environment, bool publishable, std::string_view random)
{
    Secret secret;
    secret.key = publishable ? "hp_" : "hk_";
    secret.key.append(to_name(environment)).append("_").append(random);
    secret.prefix = secret.key.substr(0, 12);
    secret.hash = sha256(secret.key);
    return secret;
}

Secret Secret::make(Environment environment, bool publishable)
{
    return of(environment, publishable, random_token(32));
}

bool is_scope(std::string_view scope)
{
    if (scope == "admin" || scope == "messages:send" || scope == "messages:send_as")
        return true;
    auto const colon = scope.find(':');
    if (colon == std::string_view::npos)
        return false;
    auto const right = scope.substr(colon + 1);
    return (right == "read" || right == "write")
        && std::ranges::find(areas, scope.substr(0, colon)) != areas.end();
}

void require_may_grant(
    Caller const& caller, std::vector<std::string> const& scopes, Environment environment)
{
    if (caller.test && environment == Environment::live)
        throw Problem{Errc::test_key_refused, "a test key makes no live keys"};
    for (auto const& scope : scopes) {
        if (!caller.has_scope(scope))
            throw Problem{
                Errc::missing_scope, "the caller does not hold " + scope + " and cannot give it"};
    }
}

IssuedApiKey with_key(ApiKey const& view, std::string key)
{
    return {view.id, view.name, view.prefix, view.environment, view.scopes, view.person_id,
        view.expires_at, view.last_used_at, view.old_key_ends_at, view.publishable, view.created_at,
        std::move(key)};
}

std::string without_key(IssuedApiKey const& issued)
{
    auto copy = issued;
    copy.key.reset();
    return to_json(copy);
}

NewApiKey NewApiKey::make(CreateApiKey const& given, Timestamp now)
{
    std::vector<FieldError> wrong;
    auto command = given;
    if (command.publishable)
        check_publishable(command, wrong);
    NewApiKey key{.id = KeyId::make(now),
        .name = command.name.value,
        .environment = command.environment.value,
        .scopes = {},
        .expires_at = command.expires_at,
        .publishable = command.publishable,
        .secret = Secret::make(command.environment.value, command.publishable.has_value())};
    for (std::size_t i = 0; i < command.scopes.items.size(); ++i) {
        auto const& scope = command.scopes.items[i].value;
        if (!is_scope(scope))
            wrong.push_back({"scopes[" + std::to_string(i) + ']',
                "must be <area>:read, <area>:write, messages:send, messages:send_as or admin"});
        else if (std::ranges::find(key.scopes, scope) == key.scopes.end())
            key.scopes.push_back(scope);
    }
    if (key.expires_at && *key.expires_at <= now)
        wrong.push_back({"expires_at", "must be in the future"});
    if (!wrong.empty())
        throw Problem{Errc::invalid_body, {}, std::move(wrong)};
    return key;
}

static std::string joined(std::vector<std::string> const& scopes)
{
    std::string text;
    for (auto const& scope : scopes)
        text.append(text.empty() ? "" : " ").append(scope);
    return text;
}

IssuedApiKey issue(db::Tx& tx, Caller const& caller, NewApiKey const& key)
{
    if (store::list_api_keys(tx).size() >= max_api_keys)
        throw Problem{Errc::limit_reached,
            "a workspace has at most " + std::to_string(max_api_keys) + " API keys"};
    store::ApiKeyRow const row{.id = key.id,
        .name = key.name,
        .prefix = key.secret.prefix,
        .environment = key.environment,
        .scopes = {to_json(key.scopes)},
        .person_id = people::create_bot(tx, key.name),
        .hash = key.secret.hash,
        .expires_at = key.expires_at,
        .last_used_at = {},
        .previous_hash = {},
        .previous_ends_at = {},
        .publishable =
            key.publishable ? std::optional{JsonText{to_json(*key.publishable)}} : std::nullopt,
        .created_at = tx.now()};
    store::insert_api_key(tx, row);
    auto global = tx.global();
    store::insert_key_credential(global, row.hash, tx.workspace(), row.id);
    workspaces::audit(tx, caller, "api_key.created", row.id.str(),
        {{"name", row.name}, {"environment", std::string{to_name(row.environment)}},
            {"scopes", joined(key.scopes)}});
    return with_key(store::to_view(row, tx.now()), key.secret.key);
}

}
