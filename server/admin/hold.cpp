#include "jobs/hold.hpp"

#include "admin/commands.hpp"
#include "admin/opened_database.hpp"
#include "admin/restored.hpp"
#include "app/open_database.hpp"
#include "base/errors.hpp"
#include "db/failures.hpp"
#include "db/inspector.hpp"

#include <fmt/format.h>

#include <ostream>

namespace hermod::admin {

/// In the database of a server that may be running.
static void write_global(app::Config const& config, db::FunctionRef<void(db::GlobalTx&)> body)
{
    if (auto const file = app::embedded_file(config)) {
        Clock clock;
        return db::write_beside_sqlite({.path = *file}, clock, body);
    }
    OpenedDatabase opened{config};
    opened.run([&]() -> Task<int> {
        co_await opened.database().system().write([&](db::GlobalTx& tx) { body(tx); });
        co_return 0;
    }());
}

void hold(app::Config const& config, std::ostream& out)
{
    auto begin = [](db::GlobalTx& tx) { jobs::begin_hold(tx, "an operator asked for it"); };
    write_global(config, begin);
    out << "Nothing is sent from now on, within seconds, until `hermod admin resume`.\n";
}

void resume(app::Config const& config, std::ostream& out)
{
    bool was_held = false;
    auto end = [&](db::GlobalTx& tx) { was_held = jobs::end_hold(tx); };
    write_global(config, end);
    out << (was_held ? "What was held back is sent within seconds.\n" : "Nothing was held back.\n");
}

void status(app::Config const& config, std::ostream& out)
{
    Clock clock;
    auto const inspector = app::inspect_database(config, clock);
    auto read = [&](db::GlobalTx const& tx) {
        out << fmt::format(
            "workspaces: {}\n", *tx.one<std::int64_t>("SELECT COUNT(*) FROM workspace_directory"));
        out << fmt::format("epoch: {}\n",
            tx.one<std::string>("SELECT value FROM instance WHERE name = $1", "epoch")
                .value_or("none"));
        auto const held = jobs::find_hold(tx);
        out << (held
                ? fmt::format("sends: held since {}, as {}\n", to_rfc3339(held->since), held->why)
                : "sends: on\n");
    };
    inspector->read_global(read);
}

/// A node that runs would go on with the old epoch, and send.
static Task<void> require_no_node(db::Database& db)
{
    if (db.engine() == db::Engine::sqlite)
        co_return; // opened, it is locked
    auto const alive = co_await db.system().read([](db::GlobalTx const& tx) {
        return *tx.one<std::int64_t>(
            "SELECT COUNT(*) FROM leases WHERE name LIKE 'node/%' AND expires_at >"
            " CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");
    });
    if (alive > 0)
        throw db::OpenFailure{fmt::format("{} nodes run on this database, or ended in the last "
                                          "seconds; stop them first",
            alive)};
}

void restored(app::Config const& config, std::ostream& out)
{
    OpenedDatabase opened{config};
    opened.run([&]() -> Task<int> {
        co_await require_no_node(opened.database());
        co_await mark_restored(opened.database(), linking_connectors());
        co_return 0;
    }());
    out << "Clients start anew, and nothing is sent until `hermod admin resume`.\n";
}

}
