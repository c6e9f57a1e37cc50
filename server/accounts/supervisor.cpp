#include "accounts/supervisor.hpp"

#include "accounts/accounts.hpp"
#include "accounts/state_board.hpp"
#include "accounts/store.hpp"
#include "base/log.hpp"
#include "workspaces/workspaces.hpp"

#include <boost/system/system_error.hpp>

#include <mutex>
#include <set>
#include <unordered_map>

namespace hermod::accounts {

static constexpr std::int64_t workspaces_at_once = 500;
static constexpr seconds try_again_after{5};
/// Of PostgreSQL alone: a wake from another process may be lost.
static constexpr seconds look_anyway_after{30};

struct Supervisor::State : std::enable_shared_from_this<Supervisor::State> {
    struct Running {
        WorkspaceId workspace;
        Connector* connector;
        std::int64_t version;
    };

    State(db::Database& with_database, Connectors const& with_connectors,
        Keyring const& with_keyring, Circuit& with_circuit, Tasks& with_tasks, Metrics& metrics)
        : database(with_database)
        , connectors(with_connectors)
        , keyring(with_keyring)
        , circuit(with_circuit)
        , tasks(with_tasks)
        , board(metrics, with_connectors)
    {
    }

    Task<void> follow();
    Task<bool> look_at_all();
    Task<bool> look_at(WorkspaceId workspace);
    void compare(WorkspaceId const& workspace, std::vector<RunRow> const& rows);
    void begin(WorkspaceId const& workspace, RunRow const& row, Connector& connector);
    void end(AccountId const& id, Connector& connector);
    Task<void> start(WorkspaceId workspace, RunRow row, Connector* connector, bool again);
    bool is_current(AccountId const& id, std::int64_t version) const;

    db::Database& database;
    Connectors const& connectors;
    Keyring const& keyring;
    Circuit& circuit;
    Tasks& tasks;
    asio::io_context* io = nullptr;
    std::unordered_map<AccountId, Running> running; // of the io thread
    StateBoard board; // likewise

    std::mutex mutex;
    std::set<WorkspaceId> changed;
    std::shared_ptr<Wakeup> wakeup;
};

Supervisor::Supervisor(db::Database& database, Connectors const& connectors, Keyring const& keyring,
    Circuit& circuit, Tasks& tasks, Metrics& metrics)
    : state_(std::make_shared<State>(database, connectors, keyring, circuit, tasks, metrics))
{
}

Supervisor::~Supervisor() = default;

void Supervisor::start(asio::io_context& io)
{
    state_->io = &io;
    {
        std::lock_guard const lock{state_->mutex};
        state_->wakeup = std::make_shared<Wakeup>(io, state_->database.clock());
    }
    state_->tasks.spawn(
        io, "accounts", [state = state_]() -> Task<void> { co_await state->follow(); });
}

void Supervisor::wake(WorkspaceId const& workspace)
{
    std::lock_guard const lock{state_->mutex};
    state_->changed.insert(workspace);
    if (state_->wakeup)
        state_->wakeup->wake();
}

Task<void> Supervisor::State::follow()
{
    auto const waiting = wakeup;
    auto& clock = database.clock();
    auto const rescans = database.engine() == db::Engine::postgres;
    auto all_due = std::optional{clock.now()};
    for (;;) {
        if (all_due && *all_due <= clock.now()) {
            auto const done = co_await look_at_all();
            all_due.reset();
            if (!done)
                all_due = clock.now() + try_again_after;
            else if (rescans)
                all_due = clock.now() + look_anyway_after;
        }
        std::set<WorkspaceId> some;
        {
            std::lock_guard const lock{mutex};
            some.swap(changed);
        }
        for (auto const& workspace : some) {
            if (!co_await look_at(workspace))
                all_due = clock.now() + try_again_after;
        }
        if (all_due)
            co_await waiting->wait_until(*all_due);
        else
            co_await waiting->wait();
    }
}

/// False where the database could not be read and it must be done again.
Task<bool> Supervisor::State::look_at_all()
{
    WorkspaceId after;
    auto good = true;
    for (;;) {
        std::vector<WorkspaceId> page;
        try {
            page = co_await database.system().read([&](db::GlobalTx const& tx) {
                return workspaces::list_after(tx, after, workspaces_at_once);
            });
        } catch (Problem const& problem) {
            log::warn("accounts could not be listed", {{"error", info(problem.code).name}});
            co_return false;
        }
        for (auto const& workspace : page)
            good &= co_await look_at(workspace);
        if (page.size() < workspaces_at_once)
            co_return good;
        after = page.back();
    }
}

Task<bool> Supervisor::State::look_at(WorkspaceId workspace)
{
    try {
        auto const rows =
            co_await database.read(workspace, [](db::Tx const& tx) { return list_to_run(tx); });
        compare(workspace, rows);
        board.show(workspace, rows);
    } catch (Problem const& problem) {
        log::warn("accounts could not be read", {{"error", info(problem.code).name}});
        co_return false;
    }
    co_return true;
}

static bool should_run(accounts::State state)
{
    switch (state) {
    case accounts::State::connecting:
    case accounts::State::action_needed:
    case accounts::State::connected:
    case accounts::State::degraded:
        return true;
    case accounts::State::disconnected:
    case accounts::State::paused:
    case accounts::State::logged_out:
    case accounts::State::banned:
    case accounts::State::failed:
        return false;
    }
    return false;
}

void Supervisor::State::compare(WorkspaceId const& workspace, std::vector<RunRow> const& rows)
{
    std::set<AccountId> wanted;
    for (auto const& row : rows) {
        auto* const connector = connectors.find(row.connector);
        if (!connector || !should_run(row.state))
            continue;
        wanted.insert(row.id);
        auto const found = running.find(row.id);
        if (found == running.end() || found->second.version != row.version)
            begin(workspace, row, *connector);
    }
    for (auto at = running.begin(); at != running.end();) {
        auto const gone = at->second.workspace == workspace && !wanted.contains(at->first);
        if (gone)
            end(at->first, *at->second.connector);
        at = gone ? running.erase(at) : std::next(at);
    }
}

void Supervisor::State::begin(WorkspaceId const& workspace, RunRow const& row, Connector& connector)
{
    auto const [at, is_new] =
        running.insert_or_assign(row.id, Running{workspace, &connector, row.version});
    circuit.restore(row.id, row.circuit_failures, row.circuit_until);
    tasks.spawn(*io, "account start",
        [self = shared_from_this(), workspace, row, of = &connector,
            again = !is_new]() -> Task<void> { co_await self->start(workspace, row, of, again); });
}

void Supervisor::State::end(AccountId const& id, Connector& connector)
{
    circuit.forget(id);
    tasks.spawn(
        *io, "account stop", [id, of = &connector]() -> Task<void> { co_await of->stop(id); });
}

bool Supervisor::State::is_current(AccountId const& id, std::int64_t version) const
{
    auto const found = running.find(id);
    return found != running.end() && found->second.version == version;
}

Task<void> Supervisor::State::start(
    WorkspaceId workspace, RunRow row, Connector* connector, bool again)
{
    StateChange change;
    try {
        if (again)
            co_await connector->stop(row.id);
        auto const view = co_await database.read(
            workspace, [&](db::Tx const& tx) { return open(tx, row.id, keyring); });
        change = co_await connector->start(view);
    } catch (boost::system::system_error const& error) {
        if (error.code() == boost::system::errc::operation_canceled)
            throw; // the process ends
        change = {"failed", "the account could not be started", {}};
    } catch (Problem const& problem) {
        if (problem.code == Errc::account_not_found)
            co_return;
        change = {"failed", std::string{info(problem.code).title}, {}};
    } catch (std::exception const& error) {
        log::error("an account could not be started",
            {{"account", row.id.str()}, {"error", error.what()}});
        change = {"failed", "the account could not be started", {}};
    }
    // Meanwhile it may have been changed again or stopped. And where the circuit is open, a send
    // has to show that the account works.
    auto const held = change.state == "connected" && row.circuit_failures > 0;
    if (!is_current(row.id, row.version) || held)
        co_return;
    // A provider out of reach is a circuit that opened: the first send that works closes it.
    auto const degraded = change.state == to_name(accounts::State::degraded);
    auto const until = database.clock().now() + Circuit::first_pause;
    co_await database.write(workspace, [&](db::Tx& tx) {
        set_state(tx, row.id, change);
        if (degraded)
            update_circuit(tx, row.id, Circuit::failures_to_open, until);
    });
    if (degraded)
        circuit.restore(row.id, Circuit::failures_to_open, until);
}

}
