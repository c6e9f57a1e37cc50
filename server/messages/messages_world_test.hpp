#pragma once

#include "accounts/circuit.hpp"
#include "conversations/conversations.hpp"
#include "events/store.hpp"
#include "messages/inbox.hpp"
#include "messages/send_worker.hpp"
#include "people/people.hpp"
#include "testing/world.hpp"
#include "workspaces/workspaces.hpp"

#include <deque>
#include <thread>

namespace hermod::messages {

/// A network that does what the test says.
class FakeConnector final : public accounts::Connector {
public:
    std::string_view name() const override { return "sandbox"; }
    accounts::Capabilities const& capabilities() const override { return can; }
    std::vector<accounts::ConfigurationError> validate(
        std::string_view, std::string_view) const override
    {
        return {};
    }
    std::optional<std::string> address_of(std::string_view, std::string_view) const override
    {
        return "+12025550199";
    }
    bool starts_at_once() const override { return true; }
    Task<accounts::StateChange> start(accounts::AccountView const&) override
    {
        co_return accounts::StateChange{"connected", "", std::nullopt};
    }
    Task<void> stop(AccountId) override { co_return; }
    Task<accounts::SendResult> send(
        accounts::AccountView const&, accounts::Outgoing const& message) override
    {
        sends.push_back(message);
        if (meanwhile)
            co_await meanwhile();
        if (results.empty())
            co_return accounts::SendResult{accounts::Sent{"p-" + message.message.str()}, {}, {}};
        auto result = results.front();
        results.pop_front();
        co_return result;
    }
    Task<std::optional<accounts::SendResult>> settle(
        accounts::AccountView const&, accounts::Outgoing const&) override
    {
        co_return settled;
    }
    Task<accounts::ProviderReply> handle_webhook(
        accounts::AccountView const&, accounts::ProviderRequest const&) override
    {
        co_return accounts::ProviderReply{};
    }
    Task<accounts::Health> health(accounts::AccountView const&) override
    {
        co_return accounts::Health::good;
    }

    accounts::Capabilities can{
        .connector = "sandbox",
        .address_kinds = {"phone"},
        .message_types = {"text"},
        .max_text_length = 1000,
        .subject = false,
        .inbound = true,
        .delivered_receipts = true,
        .read_receipts = true,
        .stable_provider_id = false,
        .unknown_outcome_timeout_s = 3600,
    };
    std::deque<accounts::SendResult> results;
    std::optional<accounts::SendResult> settled;
    std::vector<accounts::Outgoing> sends;
    std::function<Task<void>()> meanwhile;
};

/// A workspace with an account, and a caller that is an API key.
class MessagesWorld : public testing::World {
protected:
    MessagesWorld()
    {
        on_new_workspace([](db::Tx& tx) { workspaces::create_workspace(tx, {"Shop"}); });
        connectors.add(connector);
        caller = new_caller();
    }
    ~MessagesWorld() override
    {
        std::thread stopper{[this] { tasks.stop(); }};
        drive_until([this] { return tasks.running() == 0; });
        stopper.join();
    }

    Caller new_caller()
    {
        Caller made;
        made.kind = Caller::Kind::api_key;
        made.scopes = {"admin"};
        made.workspace = make_workspace();
        made.person =
            write(made.workspace, [](db::Tx& tx) { return people::create_bot(tx, "bot"); });
        return made;
    }
    AccountId new_account(Caller const& owner)
    {
        accounts::Deps const account_deps{db, connectors, keyring};
        return write(owner.workspace, [&](db::Tx& tx) {
            return accounts::create_account(tx, account_deps, owner,
                {.connector = {"sandbox"},
                    .name = {},
                    .address = {},
                    .settings = {},
                    .credentials = {}})
                .id;
        });
    }
    PersonId new_person(Caller const& owner, std::string name)
    {
        return write(owner.workspace, [&](db::Tx& tx) {
            return people::create_person(tx,
                {.external_id = {},
                    .name = people::PersonName{name},
                    .attributes = {},
                    .addresses = {}})
                .id;
        });
    }
    ConversationId new_direct(Caller const& owner)
    {
        auto const other = new_person(owner, "Ana");
        return write(owner.workspace, [&](db::Tx& tx) {
            return conversations::find_or_create_direct(tx, owner.person, other);
        });
    }
    static SendMessage text_message(std::string text, std::optional<std::string> client_id = {})
    {
        SendMessage command;
        command.text = Text<1, max_text>{std::move(text)};
        if (client_id)
            command.client_id = ClientId{*client_id};
        return command;
    }
    static SendAddressed to_address(std::string to, std::string text = "hello")
    {
        SendAddressed command;
        command.to.value = Recipient::Plain{std::move(to)};
        command.text = Text<1, max_text>{std::move(text)};
        return command;
    }
    std::vector<std::string> event_types(Caller const& owner)
    {
        return read(owner.workspace, [](db::Tx const& tx) {
            std::vector<std::string> types;
            for (auto const& line : events::list_after(tx, 0, 100'000))
                types.push_back(line.type);
            return types;
        });
    }
    std::int64_t count_events(Caller const& owner, std::string_view type)
    {
        return std::ranges::count(event_types(owner), type);
    }

    Tasks tasks;
    FakeConnector connector;
    accounts::Connectors connectors;
    Keyring keyring = Keyring::parse(Keyring::generate_line("test"));
    events::Log log{db, clock, tasks, io, "epoch"};
    Deps deps{db, clock, log, connectors};
    Caller caller;
};

}
