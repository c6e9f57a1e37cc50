#pragma once

#include "accounts/accounts.hpp"
#include "accounts/store.hpp"
#include "testing/world.hpp"
#include "workspaces/workspaces.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace hermod::accounts {

using people::AddressKind;

/// A connector that does what the test says.
class FakeConnector final : public Connector {
public:
    FakeConnector(std::string name, std::vector<std::string> kinds)
    {
        capabilities_.connector = std::move(name);
        capabilities_.address_kinds = std::move(kinds);
    }
    std::string_view name() const override { return capabilities_.connector; }
    Capabilities const& capabilities() const override { return capabilities_; }
    std::vector<ConfigurationError> validate(
        std::string_view settings, std::string_view credentials) const override
    {
        if (settings.find("\"bad\"") != std::string_view::npos)
            return {{"settings.bad", "is not known"}};
        if (settings.find("\"url\"") != std::string_view::npos)
            return {{"settings.url", "must not lead into a private network", true}};
        if (credentials.find("\"wrong\"") != std::string_view::npos)
            return {{"credentials.wrong", "is wrong"}};
        return {};
    }
    std::optional<std::string> address_of(
        std::string_view settings, std::string_view) const override
    {
        return settings.find("\"fixed\"") != std::string_view::npos
            ? std::optional<std::string>{"fixed@example.com"}
            : std::nullopt;
    }
    bool starts_at_once() const override { return at_once; }
    Task<StateChange> start(AccountView const& account) override
    {
        started.push_back(account);
        if (away)
            away();
        if (fails)
            throw std::runtime_error{"no"};
        co_return next_state;
    }
    Task<void> stop(AccountId account) override
    {
        stopped.push_back(account);
        co_return;
    }
    Task<SendResult> send(AccountView const&, Outgoing const&) override { co_return SendResult{}; }
    Task<std::optional<SendResult>> settle(AccountView const&, Outgoing const&) override
    {
        co_return std::nullopt;
    }
    Task<ProviderReply> handle_webhook(AccountView const&, ProviderRequest const&) override
    {
        co_return ProviderReply{};
    }
    Task<Health> health(AccountView const&) override { co_return Health::good; }

    StateChange next_state{"connected", {}, {}};
    bool at_once = false;
    bool fails = false;
    std::function<void()> away;
    std::vector<AccountView> started;
    std::vector<AccountId> stopped;

private:
    Capabilities capabilities_;
};

class AccountsTest : public testing::World {
protected:
    AccountsTest() : keyring(Keyring::parse(Keyring::generate_line("k1")))
    {
        connectors.add(sandbox);
        connectors.add(mail);
        on_new_workspace(
            [](db::Tx& tx) { workspaces::create_workspace(tx, {std::string{"Shop"}}); });
        workspace = make_workspace();
    }

    static Caller caller_of(WorkspaceId const& of, bool test = false)
    {
        Caller caller;
        caller.kind = Caller::Kind::api_key;
        caller.workspace = of;
        caller.test = test;
        return caller;
    }
    Caller me(bool test = false) const { return caller_of(workspace, test); }
    Account create(CreateAccount const& command, bool test = false)
    {
        clock.advance(std::chrono::milliseconds{1});
        return write(
            workspace, [&](db::Tx& tx) { return create_account(tx, deps, me(test), command); });
    }
    Account create(std::string connector) { return create({.connector = {std::move(connector)}}); }
    Account get(AccountId const& id) { return run(get_account(deps, me(), id)); }
    State state_of(AccountId const& id) { return get(id).state; }
    void set(AccountId const& id, StateChange const& change)
    {
        write(workspace, [&](db::Tx& tx) { set_state(tx, id, change); });
    }
    std::vector<std::string> events()
    {
        return read(workspace, [](db::Tx const& tx) {
            return tx.all<std::string>(
                "SELECT data FROM events WHERE workspace_id = $1 ORDER BY log_offset");
        });
    }
    std::optional<AccountId> default_of(
        AddressKind kind, std::optional<std::string_view> connector = {}, bool test = false)
    {
        auto const account = read(
            workspace, [&](db::Tx const& tx) { return find_default(tx, kind, connector, test); });
        return account ? std::optional{account->id} : std::nullopt;
    }

    FakeConnector sandbox{"sandbox", {"phone", "email"}};
    FakeConnector mail{"mail", {"email"}};
    Connectors connectors;
    Keyring keyring;
    Deps deps{db, connectors, keyring, 5};
    WorkspaceId workspace;
};

}
