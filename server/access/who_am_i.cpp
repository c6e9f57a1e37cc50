#include "access/store.hpp"

namespace hermod::access {

template <class IdType>
static std::optional<IdType> unless_nil(IdType const& id)
{
    return id.is_nil() ? std::nullopt : std::optional{id};
}

static Me as_key(Caller const& caller)
{
    return {.kind = MeKind::api_key,
        .login = {},
        .api_key_id = caller.key,
        .workspace_id = caller.workspace,
        .person_id = caller.person,
        .role = {},
        .scopes = {caller.scopes.begin(), caller.scopes.end()},
        .workspaces = {}};
}

static Me as_person(Caller const& caller)
{
    auto me = as_key(caller);
    me.kind = MeKind::person;
    me.api_key_id.reset();
    return me;
}

Task<Me> who_am_i(Deps& deps, Caller const& caller)
{
    if (caller.kind == Caller::Kind::api_key)
        co_return as_key(caller);
    if (caller.kind == Caller::Kind::person)
        co_return as_person(caller);
    co_return co_await deps.database.system().read([&](db::GlobalTx const& tx) {
        auto const in_one = !caller.workspace.is_nil();
        return Me{.kind = MeKind::session,
            .login = store::find_login(tx, caller.login),
            .api_key_id = {},
            .workspace_id = unless_nil(caller.workspace),
            .person_id = unless_nil(caller.person),
            .role = in_one ? std::optional{caller.role} : std::nullopt,
            .scopes = {},
            .workspaces = workspaces::list_of_login(tx, caller.login)};
    });
}

}
