#include "access/api_keys.hpp"
#include "access/idempotency.hpp"

namespace hermod::access {

Task<IssuedApiKey> create_api_key(Deps& deps, Caller const& caller, CreateApiKey const& command)
{
    auto const key = NewApiKey::make(command, deps.clock.now());
    require_may_grant(caller, key.scopes, key.environment);
    co_return co_await write_once(
        deps.database, caller, 201, [&](db::Tx& tx) { return issue(tx, caller, key); },
        without_key);
}

Task<IssuedApiKey> create_api_key_for(
    db::Database& database, WorkspaceId const& workspace, CreateApiKey const& command)
{
    auto const key = NewApiKey::make(command, database.clock().now());
    co_return co_await database.write(workspace, [&](db::Tx& tx) {
        workspaces::require_workspace(tx);
        return issue(tx, {}, key);
    });
}

}
