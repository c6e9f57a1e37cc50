#include "accounts/accounts.hpp"
#include "accounts/store.hpp"
#include "net/cursor.hpp"

namespace hermod::accounts {

Task<net::Page<Account>> list_accounts(Deps& deps, Caller const& caller, ListAccounts const& query)
{
    auto const [after_time, after_id] = query.cursor
        ? net::read_cursor<Timestamp, AccountId>(*query.cursor)
        : std::tuple<Timestamp, AccountId>{};
    auto const limit = query.limit.value.value;
    // A test key sees the sandbox alone: what else it asks for is not there.
    auto connector = query.connector ? std::optional<std::string_view>{*query.connector}
                                     : std::optional<std::string_view>{};
    if (caller.test && connector && *connector != test_connector)
        co_return net::Page<Account>{};
    if (caller.test)
        connector = test_connector;
    auto accounts = co_await deps.database.read(
        caller.workspace, [&, time = after_time, id = after_id](db::Tx const& tx) {
            return list_after(tx, connector, time, id, limit + 1);
        });
    net::Page<Account> page{std::move(accounts), std::nullopt};
    if (static_cast<std::int64_t>(page.data.size()) > limit) {
        page.data.resize(static_cast<std::size_t>(limit));
        auto const& last = page.data.back();
        page.next = net::encode_cursor({std::to_string(last.created_at.us), last.id.str()});
    }
    co_return page;
}

Task<Account> get_account(Deps& deps, Caller const& caller, AccountId const& id)
{
    co_return co_await deps.database.read(
        caller.workspace, [&](db::Tx const& tx) { return require_visible(tx, caller, id); });
}

Task<Capabilities> get_capabilities(Deps& deps, Caller const& caller, AccountId const& id)
{
    auto const account = co_await get_account(deps, caller, id);
    auto const* const connector = deps.connectors.find(account.connector);
    if (!connector)
        throw Problem{Errc::unknown_connector};
    co_return connector->capabilities();
}

}
