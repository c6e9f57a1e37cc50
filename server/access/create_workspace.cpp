#include "access/credential_cache.hpp"
#include "access/idempotency.hpp"
#include "access/store.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/rights.hpp"

#include <algorithm>

namespace hermod::access {

namespace {

constexpr std::size_t max_workspaces = 100; // of one login

/// A repeat must meet the workspace that the first request made, so the Idempotency-Key decides
/// the id. `round` counts the uses of one key whose day is over.
WorkspaceId id_for(Caller const& caller, int round, Timestamp now)
{
    if (!caller.idempotency)
        return WorkspaceId::make(now);
    std::string text{as_text(caller.login.bytes())};
    text += caller.idempotency->route + '\n' + caller.idempotency->key + '\n';
    text += std::to_string(round);
    auto const digest = sha256(text);
    Uuid uuid{};
    std::copy_n(digest.begin(), uuid.size(), uuid.begin());
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x80); // version 8: our own
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
    return WorkspaceId{uuid};
}

bool exists(db::Tx& tx)
{
    return tx.one<std::int64_t>("SELECT created_at FROM workspaces WHERE workspace_id = $1")
        .has_value();
}

workspaces::WorkspaceOfLogin make_workspace(
    db::Tx& tx, Caller const& caller, CreateWorkspace const& command)
{
    auto const& login_id = caller.login;
    auto global = tx.global();
    auto const login = store::find_login(global, login_id);
    if (!login)
        throw Problem{Errc::unauthenticated};
    if (workspaces::list_of_login(global, login_id).size() >= max_workspaces)
        throw Problem{Errc::limit_reached,
            "a login has at most " + std::to_string(max_workspaces) + " workspaces"};
    auto const email = people::parse_address(people::AddressKind::email, login->email);
    workspaces::create_workspace(tx, command.name);
    auto const owner = people::create_member(tx, login_id, Role::owner, login->name, email);
    workspaces::add_membership(tx, login_id, owner, Role::owner);
    // Sessions that are remembered elsewhere do not know the new workspace yet.
    workspaces::note_rights_changed(tx, login_id.bytes());
    auto audited = caller;
    audited.person = owner;
    workspaces::audit(
        tx, audited, "workspace.created", tx.workspace().str(), {{"name", command.name.value}});
    return {tx.workspace(), command.name.value, Role::owner, owner};
}

}

Task<workspaces::WorkspaceOfLogin> create_workspace(
    Deps& deps, Caller const& caller, CreateWorkspace const& command)
{
    if (caller.kind != Caller::Kind::session)
        throw Problem{Errc::forbidden, "an API key belongs to one workspace"};
    auto creator = caller;
    creator.person = {};
    std::optional<workspaces::WorkspaceOfLogin> made;
    for (int round = 0; !made; ++round) {
        creator.workspace = id_for(caller, round, deps.clock.now());
        made = co_await deps.database.write(
            creator.workspace, [&](db::Tx& tx) -> std::optional<workspaces::WorkspaceOfLogin> {
                if (creator.idempotency)
                    workspaces::require_first_use(tx, creator);
                if (exists(tx))
                    return std::nullopt;
                auto workspace = make_workspace(tx, creator, command);
                if (creator.idempotency)
                    workspaces::remember_reply(tx, creator, 201, to_json(workspace));
                return workspace;
            });
    }
    deps.cache.drop(caller.login.bytes());
    co_return *std::move(made);
}

}
