#include "db/conformance.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <cstdlib>
#include <latch>

namespace hermod::db {

std::span<SqlFile const> conformance_schema()
{
    static constexpr std::array files{SqlFile{"0001_create_tables.sql", R"sql(
        CREATE TABLE things (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            number BIGINT,
            ratio DOUBLE PRECISION,
            flag BOOLEAN,
            label TEXT,
            digest BYTEA,
            other UUID,
            PRIMARY KEY (workspace_id, id)
        ) /*sqlite: WITHOUT ROWID*/;
        -- An index entry of PostgreSQL holds 2.7 kB at most.
        CREATE UNIQUE INDEX things_label ON things (workspace_id, label)
            WHERE length(label) < 1000;
        CREATE TABLE counters (
            workspace_id UUID NOT NULL,
            id UUID NOT NULL,
            a BIGINT NOT NULL,
            b BIGINT NOT NULL,
            PRIMARY KEY (workspace_id, id)
        ) /*sqlite: WITHOUT ROWID*/;
        CREATE TABLE lines (
            workspace_id UUID NOT NULL,
            position BIGINT NOT NULL,
            body TEXT NOT NULL,
            PRIMARY KEY (workspace_id, position)
        ) /*sqlite: WITHOUT ROWID*/;
        CREATE TABLE instance (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);
        )sql"}};
    return files;
}

/// Set in a child process, which shares its parent's database.
static std::optional<std::string> given_location()
{
    auto const* const given = std::getenv("HERMOD_TEST_LOCATION");
    return given ? std::optional<std::string>{given} : std::nullopt;
}

Conformance::Conformance()
    : location(given_location() ? *given_location() : GetParam().create())
    , db(GetParam().open(location, clock, metrics))
{
    io.start();
}

Conformance::~Conformance()
{
    if (db) // a test that ended amid opening again has none
        db->close();
    tasks.stop();
    io.stop();
    db.reset();
    if (!given_location())
        GetParam().drop(location);
}

void Conformance::reopen()
{
    db->close();
    db.reset();
    db = GetParam().open(location, clock, metrics);
}

WorkspaceId Conformance::new_workspace()
{
    return WorkspaceId::make(clock.now());
}

WorkspaceId Conformance::new_workspace_beside(WorkspaceId const& other)
{
    auto workspace = new_workspace();
    while (shard_of(workspace) != shard_of(other))
        workspace = new_workspace();
    return workspace;
}

void Conformance::run(Body body, std::size_t thread)
{
    std::promise<void> ended;
    tasks.spawn(io.at(thread), "test", [&]() -> Task<void> {
        std::exception_ptr error;
        try {
            co_await body();
        } catch (...) {
            error = std::current_exception();
        }
        if (error)
            ended.set_exception(error);
        else
            ended.set_value();
    });
    ended.get_future().get();
}

Conformance::Body Conformance::writing(
    WorkspaceId const& workspace, std::function<void(Tx&)> lambda)
{
    return [this, workspace, lambda = std::move(lambda)]() -> Task<void> {
        co_await db->write(workspace, lambda);
    };
}

std::vector<std::exception_ptr> Conformance::run_queued(WorkspaceId const& workspace,
    std::vector<Body> const& bodies, std::function<void()> const& while_held)
{
    Gate gate;
    std::vector<std::exception_ptr> errors(bodies.size());
    std::latch started{static_cast<std::ptrdiff_t>(bodies.size())};
    std::latch ended{static_cast<std::ptrdiff_t>(bodies.size()) + 1};
    tasks.spawn(io.at(1), "gate", [&]() -> Task<void> {
        co_await db->write(workspace, [&](Tx&) { gate.hold(); });
        ended.count_down();
    });
    gate.wait_until_held();

    for (std::size_t i = 0; i < bodies.size(); ++i)
        tasks.spawn(io.at(0), "queued", [&, i]() -> Task<void> {
            started.count_down();
            try {
                co_await bodies[i]();
            } catch (...) {
                errors[i] = std::current_exception();
            }
            ended.count_down();
        });
    started.wait();
    // A coroutine goes without a pause from there into the queue; so when its thread does something
    // else, all are in it.
    std::latch all_queued{1};
    asio::post(io.at(0), [&] { all_queued.count_down(); });
    all_queued.wait();
    if (while_held)
        while_held();
    gate.open();
    ended.wait();
    return errors;
}

std::string name_of(std::exception_ptr const& error)
{
    if (!error)
        return "nothing";
    try {
        std::rethrow_exception(error);
    } catch (Problem const& problem) {
        return std::string{info(problem.code).name};
    } catch (ConstraintViolation const&) {
        return "constraint violation";
    } catch (std::exception const& other) {
        return other.what();
    }
}

}
