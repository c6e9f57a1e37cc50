#include "accounts/supervisor.hpp"

#include "accounts/accounts.hpp"
#include "accounts/state_board.hpp"
#include "accounts/store.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"
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
        std::uint64_t start; ///< which of this process's starts made it
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
    Task<void> start(Running of, RunRow row, bool again);
    Task<std::optional<StateChange>> try_start(Running const& of, RunRow const& row, bool again);
    Task<void> write_started(Running const& of, RunRow const& row, StateChange const& change);
    bool is_current(AccountId const& id, std::uint64_t start) const;

    db::Database& database;
    Connectors const& connectors;
    Keyring const& keyring;
    Circuit& circuit;
    Tasks& tasks;
    asio::io_context* io = nullptr;
    std::unordered_map<AccountId, Running> running; // of the io thread
    StateBoard board; // likewise
    std::uint64_t starts = 0;

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
    auto all_due = std::optional{clock.steady()};
    for (;;) {
        if (all_due && *all_due <= clock.steady()) {
            auto const done = co_await look_at_all();
            all_due.reset();
            if (!done)
                all_due = clock.steady() + try_again_after;
            else if (rescans)
                all_due = clock.steady() + look_anyway_after;
        }
        std::set<WorkspaceId> some;
        {
            std::lock_guard const lock{mutex};
            some.swap(changed);
        }
        for (auto const& workspace : some) {
            if (!co_await look_at(workspace))
                all_due = clock.steady() + try_again_after;
        }
        if (all_due)
            co_await waiting->wait_until(
                clock.now() + std::chrono::ceil<microseconds>(*all_due - clock.steady()));
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
        log::warn("accounts could not be read",
            {{"workspace", workspace.str()}, {"error", info(problem.code).name}});
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
    Running const of{workspace, &connector, row.version, ++starts};
    auto const again = !running.insert_or_assign(row.id, of).second;
    circuit.restore(row.id, row.circuit_failures, row.circuit_until);
    tasks.spawn(*io, "account start", [self = shared_from_this(), of, row, again]() -> Task<void> {
        co_await self->start(of, row, again);
    });
}

void Supervisor::State::end(AccountId const& id, Connector& connector)
{
    circuit.forget(id);
    tasks.spawn(
        *io, "account stop", [id, of = &connector]() -> Task<void> { co_await of->stop(id); });
}

bool Supervisor::State::is_current(AccountId const& id, std::uint64_t start) const
{
    auto const found = running.find(id);
    return found != running.end() && found->second.start == start;
}

/// The database is away or busy: that says nothing about the account.
static bool is_passing(Problem const& problem)
{
    return problem.code == Errc::storage_unavailable || problem.code == Errc::overloaded;
}

Task<void> Supervisor::State::start(Running of, RunRow row, bool again)
{
    std::optional<StateChange> change;
    while (is_current(row.id, of.start)) {
        try {
            if (!change)
                change = co_await try_start(of, row, again);
            // Meanwhile it may have been changed again or stopped.
            if (change && is_current(row.id, of.start))
                co_await write_started(of, row, *change);
            co_return;
        } catch (Problem const& problem) {
            if (problem.code == Errc::account_not_found)
                co_return;
            if (!is_passing(problem))
                throw;
            log::warn("an account waits for the database",
                {{"workspace", of.workspace.str()}, {"account", row.id.str()},
                    {"error", info(problem.code).name}});
        }
        co_await sleep_for(database.clock(), try_again_after);
    }
}

/// What became of it; nothing where the account is gone. Throws where the database is away.
Task<std::optional<StateChange>> Supervisor::State::try_start(
    Running const& of, RunRow const& row, bool again)
{
    StateChange failed{"failed", "the account could not be started", {}};
    try {
        if (again)
            co_await of.connector->stop(row.id);
        auto const view = co_await database.read(
            of.workspace, [&](db::Tx const& tx) { return open(tx, row.id, keyring); });
        co_return co_await of.connector->start(view);
    } catch (boost::system::system_error const& error) {
        if (error.code() == boost::system::errc::operation_canceled)
            throw; // the process ends
    } catch (Problem const& problem) {
        if (problem.code == Errc::account_not_found)
            co_return std::nullopt;
        if (is_passing(problem))
            throw;
        failed.reason = info(problem.code).title;
    } catch (std::exception const& error) {
        log::error("an account could not be started",
            {{"workspace", of.workspace.str()}, {"account", row.id.str()},
                {"error", error.what()}});
    }
    co_return failed;
}

Task<void> Supervisor::State::write_started(
    Running const& of, RunRow const& row, StateChange const& change)
{
    // Where the circuit is open, a send has to show that the account works.
    if (change.state == "connected" && row.circuit_failures > 0)
        co_return;
    // A provider out of reach is a circuit that opened: the first send that works closes it.
    auto const degraded = change.state == to_name(accounts::State::degraded);
    auto const until = database.clock().now() + Circuit::first_pause;
    co_await database.write(of.workspace, [&](db::Tx& tx) {
        set_state(tx, row.id, change);
        if (degraded)
            update_circuit(tx, row.id, Circuit::failures_to_open, until);
    });
    if (degraded)
        circuit.restore(row.id, Circuit::failures_to_open, until);
}

}
