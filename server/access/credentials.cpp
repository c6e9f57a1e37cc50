#include "access/authenticator.hpp"
#include "access/person_tokens.hpp"

#include <limits>

namespace hermod::access {

static constexpr Timestamp never{std::numeric_limits<std::int64_t>::max()};

static std::shared_ptr<Credential> credential_of(
    WorkspaceId const& workspace, store::ApiKeyRow const& key)
{
    auto credential = std::make_shared<Credential>();
    auto& caller = credential->caller;
    caller.kind = Caller::Kind::api_key;
    caller.workspace = workspace;
    caller.person = key.person_id;
    caller.key = key.id;
    for (auto& scope : store::scopes_of(key))
        caller.scopes.insert(std::move(scope));
    caller.test = key.environment == Environment::test;
    if (auto const publishable = store::publishable_of(key)) {
        caller.kind = Caller::Kind::publishable;
        for (auto const& origin : publishable->allowed_origins.items)
            credential->origins.push_back(origin.value);
    }
    credential->in_workspaces.push_back(caller);
    credential->expires_at = key.expires_at.value_or(never);
    credential->use_written_us = key.last_used_at.value_or(Timestamp{}).us;
    return credential;
}

Task<Authenticator::Credentials> Authenticator::look_up_key(Digest const& hash)
{
    auto const row = co_await database_.system().read(
        [&](db::GlobalTx const& tx) { return store::find_key_credential(tx, hash); });
    if (!row)
        co_return nullptr;
    auto const key = co_await database_.read(row->workspace_id,
        [&](db::Tx const& tx) { return store::find_api_key(tx, row->subject_id); });
    auto const now = clock_.now();
    if (!key || key->expires_at.value_or(never) <= now)
        co_return nullptr;
    if (key->hash == hash)
        co_return credential_of(row->workspace_id, *key);
    // The secret before the last rotation, for as long as was chosen.
    if (key->previous_hash != hash || key->previous_ends_at.value_or(now) <= now)
        co_return nullptr;
    auto credential = credential_of(row->workspace_id, *key);
    credential->expires_at = std::min(credential->expires_at, *key->previous_ends_at);
    co_return credential;
}

Task<Authenticator::Credentials> Authenticator::key_credential(
    WorkspaceId const& workspace, KeyId const& id)
{
    auto const key = co_await database_.read(
        workspace, [&](db::Tx const& tx) { return store::find_api_key(tx, id); });
    if (!key || key->expires_at.value_or(never) <= clock_.now())
        co_return nullptr;
    co_return credential_of(workspace, *key);
}

Task<Authenticator::Credentials> Authenticator::session_credential(
    SessionId const& id, Timestamp expires_at)
{
    auto const session = co_await database_.system().read(
        [&](db::GlobalTx const& tx) { return store::find_session(tx, id); });
    if (!session)
        co_return nullptr;
    auto const workspaces = co_await database_.system().read(
        [&](db::GlobalTx const& tx) { return workspaces::list_of_login(tx, session->login_id); });
    auto credential = std::make_shared<Credential>();
    credential->expires_at = std::min(expires_at, session->expires_at);
    auto& caller = credential->caller;
    caller.kind = Caller::Kind::session;
    caller.login = session->login_id;
    caller.session = id;
    for (auto const& workspace : workspaces) {
        auto& there = credential->in_workspaces.emplace_back(caller);
        there.workspace = workspace.id;
        there.person = workspace.person_id;
        there.role = workspace.role;
    }
    co_return credential;
}

Task<Authenticator::Credentials> Authenticator::person_credential(PersonToken const& token)
{
    auto const person = co_await database_.read(
        token.workspace, [&](db::Tx const& tx) { return people::find_person(tx, token.person); });
    if (!person || !may_have_token(*person))
        co_return nullptr;
    auto credential = std::make_shared<Credential>();
    credential->expires_at = token.expires_at;
    auto& caller = credential->caller;
    caller.kind = Caller::Kind::person;
    caller.workspace = token.workspace;
    caller.person = person->id; // the survivor, where the person was merged
    caller.test = token.test;
    caller.scopes = {person_scopes.begin(), person_scopes.end()};
    if (token.addressed_sends)
        caller.scopes.emplace(addressed_sends_scope);
    credential->in_workspaces.push_back(caller);
    co_return credential;
}

}
