#pragma once

#include "testing/disturbed_database.hpp"
#include "testing/world.hpp"
#include "workspaces/workspaces.hpp"

#include "webhooks/engine.hpp"
#include <boost/json/parse.hpp>

#include <map>
#include <numeric>
#include <set>
#include <thread>

namespace hermod::webhooks {

struct NoteEvent {
    std::string note;
};
BOOST_DESCRIBE_STRUCT(NoteEvent, (), (note))

inline constexpr events::Type<NoteEvent> note_made{"note.made", "notes", "A note was made."};
inline constexpr events::Type<NoteEvent> note_deleted{
    "note.deleted", "notes", "A note was deleted."};
inline constexpr events::Type<NoteEvent> secret_made{"secret.made", "secrets", "A secret."};

class FakeMembership final : public events::Membership {
public:
    Standing standing(db::Tx const&, ConversationId const&, PersonId const&) const override
    {
        return {false, std::nullopt};
    }
    bool test_key_sees(db::Tx const&, events::Line const& line) const override
    {
        return line.conversation_id != of_live_account;
    }
    std::optional<ConversationId> of_live_account = ConversationId{};
};

inline net::HttpOutcome answer_with(int status, net::Pairs headers = {})
{
    net::HttpResponse response;
    response.status = status;
    response.headers = std::move(headers);
    return response;
}

/// The endpoints out there: they answer as the test says, and remember what they got.
class FakeEndpoints {
public:
    explicit FakeEndpoints(Clock& clock) : clock_(clock) { }

    Task<net::HttpOutcome> post(net::HttpRequest request)
    {
        received.push_back(request);
        ++under_way[request.url];
        most_under_way = std::max(most_under_way, under_way[request.url]);
        // The clock stands still: whoever moves it lets this look again.
        while (hanging.contains(request.url))
            co_await sleep_until(clock_, clock_.now() + microseconds{1});
        --under_way[request.url];
        co_return answer(request);
    }

    /// What the nth request said.
    json::value body(std::size_t n) const { return json::parse(received.at(n).body); }
    std::string header(std::size_t n, std::string_view name) const
    {
        for (auto const& [key, value] : received.at(n).headers)
            if (key == name)
                return value;
        return {};
    }
    /// The notes that came, in order.
    std::vector<std::string> notes() const
    {
        std::vector<std::string> all;
        for (std::size_t i = 0; i < received.size(); ++i)
            if (auto const value = body(i); value.at("data").get_object().contains("note"))
                all.emplace_back(value.at("data").at("note").get_string());
        return all;
    }

    std::function<net::HttpOutcome(net::HttpRequest const&)> answer = [](auto const&) {
        return answer_with(200);
    };
    std::set<std::string> hanging; ///< URLs that do not answer
    std::vector<net::HttpRequest> received;
    std::map<std::string, int> under_way;
    int most_under_way = 0;

private:
    Clock& clock_;
};

class WebhooksTest : public testing::World {
protected:
    WebhooksTest() : keyring(Keyring::parse(Keyring::generate_line("k1")))
    {
        on_new_workspace(
            [](db::Tx& tx) { workspaces::create_workspace(tx, {std::string{"Shop"}}); });
        for (auto const* type : {static_cast<events::TypeInfo const*>(&note_made),
                 static_cast<events::TypeInfo const*>(&note_deleted),
                 static_cast<events::TypeInfo const*>(&secret_made),
                 static_cast<events::TypeInfo const*>(&webhook_test)})
            catalogue.add(*type);
        workspace = make_workspace();
    }
    ~WebhooksTest() override { stop(); }

    void start()
    {
        db.on_commit([this](auto commits) {
            log.committed(commits);
            engine->committed(commits);
        });
        std::vector<int> shards(db::shard_count);
        std::iota(shards.begin(), shards.end(), 0);
        engine->gain(shards);
        engine->start();
    }
    /// Ends the engine's tasks; the loop runs here until they have.
    void stop()
    {
        std::thread stopper{[this] { tasks->stop(); }};
        drive_until([this] { return tasks->running() == 0; });
        stopper.join();
    }
    /// As after a crash: nothing of what was in memory is left.
    void restart()
    {
        stop();
        db.on_commit([](auto) { });
        engine.reset();
        tasks = std::make_unique<Tasks>();
        endpoints.under_way.clear();
        engine = make_engine();
        start();
    }
    std::unique_ptr<Engine> make_engine()
    {
        return std::make_unique<Engine>(
            EngineDeps{disturbed, clock, *tasks, keyring, log, audience, metrics,
                [this](net::HttpRequest request) { return endpoints.post(std::move(request)); }},
            io, Limits{.concurrency = 16, .per_endpoint = 4});
    }

    Caller caller(bool test = false) const
    {
        Caller caller;
        caller.kind = Caller::Kind::api_key;
        caller.workspace = workspace;
        caller.scopes = {"admin"};
        caller.test = test;
        return caller;
    }
    IssuedWebhook make(WebhookFilter filter = {}, std::string url = "https://example.com/hook")
    {
        return run(create_webhook(
            deps, caller(), {.url = {std::move(url)}, .description = {}, .filter = filter}));
    }
    /// An event of that conversation.
    void note(std::string text, std::optional<ConversationId> const& conversation = {},
        events::Type<NoteEvent> const& type = note_made)
    {
        write(workspace, [&](db::Tx& tx) {
            return events::append(
                tx, type, NoteEvent{text}, {.conversation = conversation, .person = {}});
        });
    }
    ConversationId conversation() { return ConversationId::make(clock.now()); }

    /// That many requests have been made, and what came of them is written.
    bool until_sent(std::size_t count)
    {
        return drive_until([&] {
            return endpoints.received.size() >= count && engine->wait_until_idle(milliseconds{0});
        });
    }
    /// Everything that can happen without time passing has happened.
    void settle()
    {
        for (int quiet = 0; quiet < 6; ++quiet) {
            auto const before = endpoints.received.size();
            drive_until([turns = 0]() mutable { return ++turns > 3; });
            run(db.write(workspace, [](db::Tx&) { return 0; }));
            if (endpoints.received.size() != before)
                quiet = 0;
        }
    }
    std::vector<Delivery> deliveries(WebhookId const& id, std::optional<DeliveryState> state = {})
    {
        return run(
            list_deliveries(deps, caller(), id, {.state = state, .limit = {{200}}, .cursor = {}}))
            .data;
    }
    Delivery newest(WebhookId const& id) { return deliveries(id).front(); }
    Webhook get(WebhookId const& id) { return run(get_webhook(deps, caller(), id)); }
    std::vector<std::string> event_types()
    {
        return read(workspace, [](db::Tx const& tx) {
            return tx.all<std::string>(
                "SELECT type FROM events WHERE workspace_id = $1 ORDER BY log_offset");
        });
    }

    testing::DisturbedDatabase disturbed{db}; ///< what the engine works with
    Keyring keyring;
    events::Catalogue catalogue;
    FakeMembership membership;
    events::Audience audience{catalogue, membership};
    std::unique_ptr<Tasks> tasks = std::make_unique<Tasks>();
    Tasks log_tasks; // nobody waits on the log, so it has none
    events::Log log{db, clock, log_tasks, io, "epoch"};
    net::AddressGuard guard{false};
    Deps deps{db, keyring, guard, catalogue, audience, log};
    FakeEndpoints endpoints{clock};
    WorkspaceId workspace;
    std::unique_ptr<Engine> engine = make_engine();
};

}
