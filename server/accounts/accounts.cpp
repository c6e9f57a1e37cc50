#include "accounts/accounts.hpp"

#include "accounts/store.hpp"

namespace hermod::accounts {

Readiness readiness_of(State state)
{
    switch (state) {
    case State::connected:
    case State::degraded:
        return Readiness::ready;
    case State::disconnected:
    case State::connecting:
    case State::action_needed:
    case State::paused:
        return Readiness::later;
    case State::logged_out:
    case State::banned:
    case State::failed:
        return Readiness::never;
    }
    return Readiness::never;
}

Account require_account(db::Tx const& tx, AccountId const& id)
{
    auto account = find_account(tx, id);
    if (!account)
        throw Problem{Errc::account_not_found};
    return *std::move(account);
}

Account require_visible(db::Tx const& tx, Caller const& caller, AccountId const& id)
{
    auto account = require_account(tx, id);
    if (!may_reach(caller, account))
        throw Problem{Errc::account_not_found};
    return account;
}

bool may_reach(db::Tx const& tx, Caller const& caller, std::optional<AccountId> const& account)
{
    return !caller.test || !account || find_connector_of(tx, *account) == test_connector;
}

std::optional<Account> find_default(db::Tx const& tx, people::AddressKind kind,
    std::optional<std::string_view> connector, bool test_only)
{
    if (test_only && connector && *connector != test_connector)
        return std::nullopt;
    auto const wanted = test_only ? std::optional{test_connector} : connector;
    if (auto const id = find_default_of(tx, to_name(kind))) {
        auto account = find_account(tx, *id);
        if (account && (!wanted || account->connector == *wanted))
            return account;
    }
    return wanted ? find_oldest(tx, *wanted) : std::nullopt;
}

AccountView open(db::Tx const& tx, AccountId const& id, Keyring const& keyring)
{
    auto account = require_account(tx, id);
    auto credentials = keyring.open(find_sealed_credentials(tx, id), credentials_context(id));
    if (!credentials)
        throw Problem{Errc::internal, "the credentials of an account cannot be opened"};
    return {tx.workspace(), id, account.address.value_or(std::string{}), std::move(account.name),
        std::move(account.settings.text), *std::move(credentials), find_version(tx, id)};
}

void set_state(db::Tx& tx, AccountId const& id, StateChange const& change)
{
    auto account = find_account(tx, id);
    // What somebody asked for meanwhile stays.
    if (!account || account->state == State::paused || account->state == State::disconnected)
        return;
    auto const state = from_name<State>(change.state);
    HERMOD_CHECK(state.has_value());
    auto const reason =
        change.reason.empty() ? std::nullopt : std::optional<std::string>{change.reason};
    auto const action = *state == State::action_needed ? change.action : std::nullopt;
    if (account->state == *state && account->state_reason == reason && account->action == action)
        return;
    auto const previous = account->state;
    account->state = *state;
    account->state_reason = reason;
    account->action = action;
    update_state(tx, *account, false);
    publish(tx, *account, previous);
}

void ask_for_linking(db::Tx& tx, std::string_view connector)
{
    static constexpr std::int64_t all = 10'000;
    for (auto const& account : list_after(tx, connector, {}, {}, all))
        set_state(tx, account.id, {"action_needed", "restored from a backup", "qr"});
}

}
