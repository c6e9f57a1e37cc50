#pragma once

#include "accounts/accounts.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::accounts {

/// What keeps an account running, without its settings.
struct RunRow {
    AccountId id;
    std::string connector;
    State state = State::connecting;
    std::optional<std::string> state_reason;
    std::int64_t version = 0; ///< rises when it must be started anew
    std::int64_t circuit_failures = 0;
    std::optional<Timestamp> circuit_until;
};
BOOST_DESCRIBE_STRUCT(
    RunRow, (), (id, connector, state, state_reason, version, circuit_failures, circuit_until))

/// Of a deleted one too.
std::optional<std::string> find_connector_of(db::Tx const& tx, AccountId const& id);
std::int64_t count(db::Tx const& tx);
/// Oldest first, after the account of these two; at most `limit`.
std::vector<Account> list_after(db::Tx const& tx, std::optional<std::string_view> connector,
    Timestamp created_at, AccountId const& id, std::int64_t limit);
std::vector<RunRow> list_to_run(db::Tx const& tx);

void insert(db::Tx& tx, Account const& account, std::string_view sealed_credentials);
/// Writes what may change but the state; a new version means that it must be started anew.
void update(db::Tx& tx, Account const& account, std::optional<std::string_view> sealed_credentials,
    bool new_version);
/// Writes state, reason and action; leaving `degraded` forgets the circuit.
void update_state(db::Tx& tx, Account const& account, bool new_version);
void update_circuit(
    db::Tx& tx, AccountId const& id, std::int64_t failures, std::optional<Timestamp> const& until);
/// Leaves the row, which messages name, without its credentials.
void erase(db::Tx& tx, AccountId const& id);
std::string find_sealed_credentials(db::Tx const& tx, AccountId const& id);
std::int64_t find_version(db::Tx const& tx, AccountId const& id);

std::optional<AccountId> find_default_of(db::Tx const& tx, std::string_view address_kind);
std::optional<Account> find_oldest(db::Tx const& tx, std::string_view connector);
/// Makes it the default of these kinds; the accounts that were are returned, as they are now.
std::vector<Account> take_defaults(
    db::Tx& tx, AccountId const& id, std::span<std::string const> address_kinds);
/// Gives up what it is the default of, and says what that was.
std::vector<std::string> drop_defaults(db::Tx& tx, AccountId const& id);

/// Appends account.state and wakes what follows accounts and their jobs.
void publish(db::Tx& tx, Account const& account, std::optional<State> previous_state);

/// What sealed credentials of this account are bound to.
std::string credentials_context(AccountId const& id);

}
