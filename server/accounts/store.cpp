#include "accounts/store.hpp"

#include <algorithm>

namespace hermod::accounts {

std::optional<Account> find_account(db::Tx const& tx, AccountId const& id)
{
    return tx.one<Account>(R"sql(
        SELECT {columns} FROM accounts
        WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL)sql",
        id);
}

std::optional<std::string> find_connector_of(db::Tx const& tx, AccountId const& id)
{
    return tx.one<std::string>(
        "SELECT connector FROM accounts WHERE workspace_id = $1 AND id = $2", id);
}

std::int64_t count(db::Tx const& tx)
{
    return *tx.one<std::int64_t>(
        "SELECT COUNT(*) FROM accounts WHERE workspace_id = $1 AND deleted_at IS NULL");
}

std::vector<Account> list_after(db::Tx const& tx, std::optional<std::string_view> connector,
    Timestamp created_at, AccountId const& id, std::int64_t limit)
{
    if (!connector)
        return tx.all<Account>(R"sql(
            SELECT {columns} FROM accounts
            WHERE workspace_id = $1 AND deleted_at IS NULL
                AND (created_at > $2 OR (created_at = $2 AND id > $3))
            ORDER BY created_at, id LIMIT $4)sql",
            created_at, id, limit);
    return tx.all<Account>(R"sql(
        SELECT {columns} FROM accounts
        WHERE workspace_id = $1 AND deleted_at IS NULL AND connector = $5
            AND (created_at > $2 OR (created_at = $2 AND id > $3))
        ORDER BY created_at, id LIMIT $4)sql",
        created_at, id, limit, *connector);
}

std::vector<RunRow> list_to_run(db::Tx const& tx)
{
    return tx.all<RunRow>(
        "SELECT {columns} FROM accounts WHERE workspace_id = $1 AND deleted_at IS NULL");
}

void insert(db::Tx& tx, Account const& account, std::string_view sealed_credentials)
{
    tx.run(R"sql(
        INSERT INTO accounts
            (workspace_id, id, connector, name, address, state, state_reason, action, settings,
             credentials, is_default, version, circuit_failures, circuit_until, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, 0, NULL, $12))sql",
        account.id, account.connector, account.name, account.address, account.state,
        account.state_reason, account.action, account.settings, sealed_credentials,
        account.is_default, account.created_at);
}

void update(db::Tx& tx, Account const& account, std::optional<std::string_view> sealed_credentials,
    bool new_version)
{
    tx.run(R"sql(
        UPDATE accounts SET name = $3, address = $4, settings = $5, version = version + $6
        WHERE workspace_id = $1 AND id = $2)sql",
        account.id, account.name, account.address, account.settings, new_version ? 1 : 0);
    if (sealed_credentials)
        tx.run("UPDATE accounts SET credentials = $3 WHERE workspace_id = $1 AND id = $2",
            account.id, *sealed_credentials);
}

void update_state(db::Tx& tx, Account const& account, bool new_version)
{
    tx.run(R"sql(
        UPDATE accounts SET state = $3, state_reason = $4, action = $5, version = version + $6
        WHERE workspace_id = $1 AND id = $2)sql",
        account.id, account.state, account.state_reason, account.action, new_version ? 1 : 0);
    if (account.state != State::degraded)
        update_circuit(tx, account.id, 0, std::nullopt);
}

void update_circuit(
    db::Tx& tx, AccountId const& id, std::int64_t failures, std::optional<Timestamp> const& until)
{
    tx.run(R"sql(
        UPDATE accounts SET circuit_failures = $3, circuit_until = $4
        WHERE workspace_id = $1 AND id = $2)sql",
        id, failures, until);
}

void erase(db::Tx& tx, AccountId const& id)
{
    tx.run(R"sql(
        UPDATE accounts SET deleted_at = $3, credentials = NULL, settings = '{}',
            is_default = FALSE, circuit_failures = 0, circuit_until = NULL
        WHERE workspace_id = $1 AND id = $2)sql",
        id, tx.now());
}

std::string find_sealed_credentials(db::Tx const& tx, AccountId const& id)
{
    auto const sealed = tx.one<std::optional<std::string>>(
        "SELECT credentials FROM accounts WHERE workspace_id = $1 AND id = $2", id);
    return sealed ? sealed->value_or(std::string{}) : std::string{};
}

std::int64_t find_version(db::Tx const& tx, AccountId const& id)
{
    return tx
        .one<std::int64_t>("SELECT version FROM accounts WHERE workspace_id = $1 AND id = $2", id)
        .value_or(0);
}

std::optional<AccountId> find_default_of(db::Tx const& tx, std::string_view address_kind)
{
    return tx.one<AccountId>(R"sql(
        SELECT account_id FROM account_defaults
        WHERE workspace_id = $1 AND address_kind = $2)sql",
        address_kind);
}

std::optional<Account> find_oldest(db::Tx const& tx, std::string_view connector)
{
    return tx.one<Account>(R"sql(
        SELECT {columns} FROM accounts
        WHERE workspace_id = $1 AND connector = $2 AND deleted_at IS NULL
        ORDER BY created_at, id LIMIT 1)sql",
        connector);
}

/// `is_default` is a copy of what account_defaults says.
static void copy_is_default(db::Tx& tx, AccountId const& id)
{
    tx.run(R"sql(
        UPDATE accounts SET is_default = EXISTS (
            SELECT 1 FROM account_defaults WHERE workspace_id = $1 AND account_id = $2)
        WHERE workspace_id = $1 AND id = $2)sql",
        id);
}

std::vector<Account> take_defaults(
    db::Tx& tx, AccountId const& id, std::span<std::string const> address_kinds)
{
    std::vector<AccountId> before;
    for (auto const& kind : address_kinds) {
        auto const holder = find_default_of(tx, kind);
        if (holder == id)
            continue;
        if (!holder) {
            tx.run(R"sql(
                INSERT INTO account_defaults (workspace_id, address_kind, account_id)
                VALUES ($1, $2, $3))sql",
                kind, id);
            continue;
        }
        tx.run(R"sql(
            UPDATE account_defaults SET account_id = $3
            WHERE workspace_id = $1 AND address_kind = $2)sql",
            kind, id);
        if (std::ranges::find(before, *holder) == before.end())
            before.push_back(*holder);
    }
    copy_is_default(tx, id);
    std::vector<Account> changed;
    for (auto const& holder : before) {
        copy_is_default(tx, holder);
        if (auto account = find_account(tx, holder))
            changed.push_back(*std::move(account));
    }
    return changed;
}

std::vector<std::string> drop_defaults(db::Tx& tx, AccountId const& id)
{
    auto kinds = tx.all<std::string>(R"sql(
        SELECT address_kind FROM account_defaults
        WHERE workspace_id = $1 AND account_id = $2 ORDER BY address_kind)sql",
        id);
    tx.run("DELETE FROM account_defaults WHERE workspace_id = $1 AND account_id = $2", id);
    copy_is_default(tx, id);
    return kinds;
}

void publish(db::Tx& tx, Account const& account, std::optional<State> previous_state)
{
    events::append(tx, account_state, {account, previous_state});
    tx.wake(db::Wake::accounts);
    tx.wake(db::Wake::jobs);
}

std::string credentials_context(AccountId const& id)
{
    return "accounts:" + id.str();
}

}
