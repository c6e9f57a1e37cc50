#pragma once

#include "accounts/connector.hpp"
#include "base/codec.hpp"
#include "base/crypto.hpp"
#include "base/task.hpp"
#include "db/database.hpp"
#include "events/events.hpp"
#include "net/caller.hpp"
#include "net/request.hpp"
#include "people/address.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {
class Router;
}

namespace hermod::accounts {

enum class State {
    disconnected,
    connecting,
    action_needed,
    connected,
    degraded,
    paused,
    logged_out,
    banned,
    failed,
};
BOOST_DESCRIBE_ENUM(State, disconnected, connecting, action_needed, connected, degraded, paused,
    logged_out, banned, failed)

/// What the send worker does with a message of an account in this state.
enum class Readiness {
    ready, ///< connected, degraded: try
    later, ///< wait for the state to change (wakes Wake::jobs), no attempt consumed
    never, ///< banned, logged_out, failed: somebody has to act first
};
Readiness readiness_of(State state);

using AccountName = Text<1, 200>;
using Settings = JsonObject<16384>;
using Credentials = JsonObject<16384>;

/// A configured connector of a workspace, as shown. `is_default`: sends that name no account go
/// through it, for at least one kind of address that it reaches.
struct Account {
    AccountId id;
    std::string connector;
    std::string name;
    std::optional<std::string> address; ///< what it sends from
    State state = State::connecting;
    std::optional<std::string> state_reason;
    std::optional<std::string> action; ///< with action_needed: `qr`, `code`, `credentials`
    Settings settings;
    bool is_default = false;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(Account, (),
    (id, connector, name, address, state, state_reason, action, settings, is_default, created_at))

/// Every change of an account. `previous_state` is null for a new one, and equals the state where
/// something else changed.
struct AccountEvent {
    Account account;
    std::optional<State> previous_state;
};
BOOST_DESCRIBE_STRUCT(AccountEvent, (), (account, previous_state))

inline constexpr events::Type<AccountEvent> account_state{"account.state", "accounts",
    "An account was added, changed, removed, or went to another state."};

// For other features: synchronous, in the caller's transaction.

/// Throws account_not_found where there is none, or a deleted one.
Account require_account(db::Tx const& tx, AccountId const& id);
std::optional<Account> find_account(db::Tx const& tx, AccountId const& id);
/// Throws account_not_found where the caller's test key may not see it.
Account require_visible(db::Tx const& tx, Caller const& caller, AccountId const& id);

/// Where a send that names no account goes: the default for this kind of address if it fits, else
/// with `connector` or `test_only` the oldest account that does.
std::optional<Account> find_default(db::Tx const& tx, people::AddressKind kind,
    std::optional<std::string_view> connector = std::nullopt, bool test_only = false);

/// Whether the account's connector reaches this kind of address.
inline bool reaches(Connectors const& connectors, Account const& account, people::AddressKind kind)
{
    auto const* const connector = connectors.find(account.connector);
    return connector
        && std::ranges::find(connector->capabilities().address_kinds, to_name(kind))
        != connector->capabilities().address_kinds.end();
}

/// The account as its connector needs it, credentials opened. Throws account_not_found; `internal`
/// where the keyring cannot open them.
AccountView open(db::Tx const& tx, AccountId const& id, Keyring const& keyring);

/// What a connector tells of its account: written with its event where it changes anything. An
/// account that was paused, disconnected or deleted meanwhile stays so. Wakes accounts and jobs.
void set_state(db::Tx& tx, AccountId const& id, StateChange const& change);
/// Of the accounts of a connector that links a device, after a restore: what is stored of the
/// device is of an earlier time, and its network would not have it back.
void ask_for_linking(db::Tx& tx, std::string_view connector);

/// As its connector sees it: some send while they still connect.
inline Readiness readiness_of(Connectors const& connectors, Account const& account)
{
    auto const* const connector = connectors.find(account.connector);
    auto const early =
        account.state == State::connecting && connector && connector->sends_while_connecting();
    return early ? Readiness::ready : readiness_of(account.state);
}

/// A test key reaches these alone.
constexpr std::string_view test_connector = "sandbox";
inline bool may_reach(Caller const& caller, Account const& account)
{
    return !caller.test || account.connector == test_connector;
}
/// Of what went through the account, which may be gone; what went through none everybody reaches.
bool may_reach(db::Tx const& tx, Caller const& caller, std::optional<AccountId> const& account);

// Use cases.

struct CreateAccount {
    Text<1, 64> connector;
    std::optional<AccountName> name{};
    /// Where it does not follow from settings and credentials.
    std::optional<Text<1, 320>> address{};
    std::optional<Settings> settings{};
    std::optional<Credentials> credentials{};
};
BOOST_DESCRIBE_STRUCT(CreateAccount, (), (connector, name, address, settings, credentials))

/// `settings` and `credentials` replace what was there.
struct UpdateAccount {
    std::optional<AccountName> name{};
    Patch<Text<1, 320>> address{};
    std::optional<Settings> settings{};
    std::optional<Credentials> credentials{};
    std::optional<bool> is_default{};
};
BOOST_DESCRIBE_STRUCT(UpdateAccount, (), (name, address, settings, credentials, is_default))

struct ListAccounts {
    std::optional<Text<1, 64>> connector{};
    net::PageLimit limit{};
    std::optional<Text<1, 512>> cursor{};
};
BOOST_DESCRIBE_STRUCT(ListAccounts, (), (connector, limit, cursor))

/// Everything here outlives the routes.
struct Deps {
    db::Database& database;
    Connectors const& connectors;
    Keyring const& keyring;
    std::int64_t max_accounts = 1000; ///< of one workspace
};

/// In the caller's transaction, so that a route can remember its answer.
Account create_account(
    db::Tx& tx, Deps const& deps, Caller const& caller, CreateAccount const& command);
Task<net::Page<Account>> list_accounts(Deps& deps, Caller const& caller, ListAccounts const& query);
Task<Account> get_account(Deps& deps, Caller const& caller, AccountId const& id);
Task<Account> update_account(
    Deps& deps, Caller const& caller, AccountId const& id, UpdateAccount const& command);
/// Its credentials are erased; its messages stay and name it.
Task<void> delete_account(Deps& deps, Caller const& caller, AccountId const& id);
Task<Account> connect_account(Deps& deps, Caller const& caller, AccountId const& id);
Task<Account> disconnect_account(Deps& deps, Caller const& caller, AccountId const& id);
Task<Account> pause_account(Deps& deps, Caller const& caller, AccountId const& id);
Task<Capabilities> get_capabilities(Deps& deps, Caller const& caller, AccountId const& id);

void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(Account const*);
FieldTexts field_texts(AccountEvent const*);
FieldTexts field_texts(CreateAccount const*);
FieldTexts field_texts(UpdateAccount const*);
FieldTexts field_texts(ListAccounts const*);

}
