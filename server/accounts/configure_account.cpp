#include "accounts/accounts.hpp"
#include "accounts/store.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/idempotency.hpp"

namespace hermod::accounts {

static Connector& require_connector(Connectors const& connectors, std::string_view name)
{
    auto* const connector = connectors.find(name);
    if (!connector)
        throw Problem{Errc::unknown_connector, {}, {{"connector", "is not a known connector"}}};
    return *connector;
}

static void require_valid(
    Connector const& connector, Settings const& settings, std::string_view credentials)
{
    auto errors = connector.validate(settings.text, credentials);
    if (errors.empty())
        return;
    Problem problem{Errc::invalid_body};
    for (auto& error : errors) {
        if (error.blocked)
            problem.code = Errc::address_blocked;
        problem.fields.push_back({std::move(error.field), std::move(error.message)});
    }
    throw problem;
}

static Problem wrong_address(std::string message)
{
    return Problem{Errc::invalid_body, {}, {{"address", std::move(message)}}};
}

/// A number is what a connector of either kind of number sends from.
static bool sends_from(Connector const& connector, people::AddressKind kind)
{
    using people::AddressKind;
    return std::ranges::any_of(connector.capabilities().address_kinds, [&](auto const& name) {
        auto const own = from_name<AddressKind>(name);
        return own && (*own == AddressKind::email) == (kind == AddressKind::email);
    });
}

/// The account's own address: as it follows from its configuration, else as given.
static std::optional<std::string> address_of(Connector const& connector, Settings const& settings,
    std::string_view credentials, std::optional<std::string> const& given)
{
    std::optional<std::string> normal;
    if (given) {
        auto parsed = people::parse_address(*given, "address");
        if (!sends_from(connector, parsed.kind))
            throw wrong_address("is not one that this connector sends from");
        normal = std::move(parsed.value);
    }
    auto derived = connector.address_of(settings.text, credentials);
    if (derived && normal && *normal != people::parse_address(*derived, "address").value)
        throw wrong_address("follows from the settings of this connector");
    if (!derived && !normal && connector.needs_address())
        throw wrong_address("is required");
    return derived ? derived : normal;
}

static State first_state(Connector const& connector)
{
    return connector.starts_at_once() ? State::connected : State::connecting;
}

static bool is_stopped(State state)
{
    return state == State::paused || state == State::disconnected;
}

static bool reaches(Connector const& connector, std::string const& kind)
{
    auto const& kinds = connector.capabilities().address_kinds;
    return std::ranges::find(kinds, kind) != kinds.end();
}

/// Whether a new account becomes the kind's default: the first that reaches it does, and a sandbox
/// makes room for the first that reaches people.
static bool becomes_default(
    db::Tx const& tx, Deps const& deps, Account const& account, std::string const& kind)
{
    auto const holder = find_default_of(tx, kind);
    if (!holder)
        return true;
    if (account.connector == test_connector
        || require_account(tx, *holder).connector != test_connector)
        return false;
    return std::ranges::none_of(list_to_run(tx), [&](RunRow const& other) {
        auto const* const connector = deps.connectors.find(other.connector);
        return connector && other.id != account.id && other.connector != test_connector
            && reaches(*connector, kind);
    });
}

Account create_account(
    db::Tx& tx, Deps const& deps, Caller const& caller, CreateAccount const& command)
{
    if (caller.test && command.connector.value != test_connector)
        throw Problem{Errc::test_key_refused};
    auto& connector = require_connector(deps.connectors, command.connector);
    auto const credentials = command.credentials.value_or(Credentials{});
    Account account;
    account.id = AccountId::make(tx.now());
    account.connector = command.connector.value;
    account.state = first_state(connector);
    account.settings = command.settings.value_or(Settings{});
    account.created_at = tx.now();
    require_valid(connector, account.settings, credentials.text);
    auto const given =
        command.address ? std::optional{command.address->value} : std::optional<std::string>{};
    account.address = address_of(connector, account.settings, credentials.text, given);
    account.name = command.name ? command.name->value : account.address.value_or(account.connector);
    if (count(tx) >= deps.max_accounts)
        throw Problem{Errc::limit_reached, "the workspace has as many accounts as it may"};

    insert(tx, account, deps.keyring.seal(credentials.text, credentials_context(account.id)));
    std::vector<std::string> kinds;
    for (auto const& kind : connector.capabilities().address_kinds) {
        if (becomes_default(tx, deps, account, kind))
            kinds.push_back(kind);
    }
    for (auto const& other : take_defaults(tx, account.id, kinds))
        publish(tx, other, other.state);
    account.is_default = !kinds.empty();
    publish(tx, account, std::nullopt);
    workspaces::audit(tx, caller, "account.created", account.id.str(),
        {{"connector", account.connector}, {"name", account.name}});
    return account;
}

/// The credentials as they were, for what is checked together with them.
static std::string opened_credentials(db::Tx const& tx, Keyring const& keyring, AccountId const& id)
{
    return open(tx, id, keyring).credentials;
}

static void change_configuration(
    db::Tx& tx, Deps const& deps, Account& account, UpdateAccount const& command)
{
    auto& connector = require_connector(deps.connectors, account.connector);
    auto const credentials = command.credentials ? command.credentials->text
                                                 : opened_credentials(tx, deps.keyring, account.id);
    if (command.settings)
        account.settings = *command.settings;
    require_valid(connector, account.settings, credentials);
    auto given = account.address;
    if (command.address.present)
        given = command.address.value ? std::optional{command.address.value->value} : std::nullopt;
    else if (connector.address_of(account.settings.text, credentials))
        given.reset(); // it followed from what has just changed
    account.address = address_of(connector, account.settings, credentials, given);

    std::optional<std::string> sealed;
    if (command.credentials)
        sealed = deps.keyring.seal(credentials, credentials_context(account.id));
    update(tx, account, sealed, true);
    if (!is_stopped(account.state)) {
        account.state = first_state(connector);
        account.state_reason.reset();
        account.action.reset();
        update_state(tx, account, false);
    }
}

static void change_default(db::Tx& tx, Deps const& deps, Account& account, bool wanted)
{
    if (!wanted) {
        drop_defaults(tx, account.id);
        account.is_default = false;
        return;
    }
    auto const& kinds =
        require_connector(deps.connectors, account.connector).capabilities().address_kinds;
    for (auto const& other : take_defaults(tx, account.id, kinds))
        publish(tx, other, other.state);
    account.is_default = true;
}

/// Which fields were given; never what is in the credentials.
static std::string fields_of(UpdateAccount const& command)
{
    std::string fields;
    auto const note = [&](bool given, char const* name) {
        if (given)
            fields.append(fields.empty() ? "" : " ").append(name);
    };
    note(command.name.has_value(), "name");
    note(command.address.present, "address");
    note(command.settings.has_value(), "settings");
    note(command.credentials.has_value(), "credentials");
    note(command.is_default.has_value(), "is_default");
    return fields;
}

Task<Account> update_account(
    Deps& deps, Caller const& caller, AccountId const& id, UpdateAccount const& command)
{
    co_return co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto account = require_visible(tx, caller, id);
        auto const previous = account.state;
        if (command.name)
            account.name = command.name->value;
        if (command.settings || command.credentials || command.address.present)
            change_configuration(tx, deps, account, command);
        else
            update(tx, account, std::nullopt, false);
        if (command.is_default)
            change_default(tx, deps, account, *command.is_default);
        publish(tx, account, previous);
        workspaces::audit(
            tx, caller, "account.updated", id.str(), {{"fields", fields_of(command)}});
        return account;
    });
}

/// The oldest account left that reaches the kind becomes its default.
static void hand_over_default(db::Tx& tx, Deps const& deps, std::string const& kind)
{
    Timestamp after{};
    AccountId after_id;
    for (;;) {
        auto const page = list_after(tx, std::nullopt, after, after_id, 200);
        for (auto const& account : page) {
            auto const as = from_name<people::AddressKind>(kind);
            if (!as || !reaches(deps.connectors, account, *as))
                continue;
            take_defaults(tx, account.id, std::span{&kind, 1});
            publish(tx, require_account(tx, account.id), account.state);
            return;
        }
        if (page.size() < 200)
            return;
        after = page.back().created_at;
        after_id = page.back().id;
    }
}

Task<void> delete_account(Deps& deps, Caller const& caller, AccountId const& id)
{
    co_await deps.database.write(caller.workspace, [&](db::Tx& tx) {
        auto account = require_visible(tx, caller, id);
        auto const previous = account.state;
        auto const kinds = drop_defaults(tx, id);
        erase(tx, id);
        account.state = State::disconnected;
        account.state_reason = "deleted";
        account.action.reset();
        account.settings = {};
        account.is_default = false;
        publish(tx, account, previous);
        for (auto const& kind : kinds)
            hand_over_default(tx, deps, kind);
        workspaces::audit(tx, caller, "account.deleted", id.str(), {{"name", account.name}});
    });
}

Task<Account> connect_account(Deps& deps, Caller const& caller, AccountId const& id)
{
    co_return co_await workspaces::write_once(deps.database, caller, 200, [&](db::Tx& tx) {
        auto account = require_visible(tx, caller, id);
        if (account.state == State::connected || account.state == State::connecting)
            return account;
        auto const previous = account.state;
        account.state = first_state(require_connector(deps.connectors, account.connector));
        account.state_reason.reset();
        account.action.reset();
        update_state(tx, account, true);
        publish(tx, account, previous);
        workspaces::audit(tx, caller, "account.connected", id.str());
        return account;
    });
}

static Task<Account> stop_account(
    Deps& deps, Caller const& caller, AccountId const& id, State state)
{
    co_return co_await workspaces::write_once(deps.database, caller, 200, [&](db::Tx& tx) {
        auto account = require_visible(tx, caller, id);
        auto const previous = account.state;
        // An account that is off has nothing to pause.
        if (previous == state || previous == State::disconnected)
            return account;
        account.state = state;
        account.state_reason.reset();
        account.action.reset();
        update_state(tx, account, false);
        publish(tx, account, previous);
        workspaces::audit(tx, caller,
            state == State::paused ? "account.paused" : "account.disconnected", id.str());
        return account;
    });
}

Task<Account> disconnect_account(Deps& deps, Caller const& caller, AccountId const& id)
{
    co_return co_await stop_account(deps, caller, id, State::disconnected);
}

Task<Account> pause_account(Deps& deps, Caller const& caller, AccountId const& id)
{
    co_return co_await stop_account(deps, caller, id, State::paused);
}

}
