#include "common/measurement.hpp"
#include "limit/store.hpp"
#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>

using namespace hermod;
using namespace hermod::bench;
using std::chrono::steady_clock;

/// Every requester asks again as soon as it is told, so each batch holds a message of all of them.
static void run_batches(Store& store, Messages& messages, std::size_t clients, Plan const& plan)
{
    Clock const clock;
    std::vector<Rows> batch(clients);
    Measurement measurement{plan, steady_clock::now()};
    while (!measurement.over()) {
        auto const asked = steady_clock::now();
        for (auto& rows : batch)
            messages.next(rows, clock.now());
        store.write(batch, messages);
        auto const now = steady_clock::now();
        for (std::size_t i = 0; i < batch.size(); ++i)
            measurement.accepted(asked, now);
        measurement.advance(now);
    }
    std::fputs(measurement.report().c_str(), stdout);
}

/// How long the disk takes for the least that a commit needs: 4 KiB appended, and fdatasync.
static void run_appends(std::string const& path, Plan const& plan)
{
    auto const file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        throw std::runtime_error{std::strerror(errno)};
    std::string const block(4096, 'x');
    Measurement measurement{plan, steady_clock::now()};
    while (!measurement.over()) {
        auto const asked = steady_clock::now();
        if (write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size())
            || fdatasync(file) != 0)
            throw std::runtime_error{std::strerror(errno)};
        auto const now = steady_clock::now();
        measurement.accepted(asked, now);
        measurement.advance(now);
    }
    close(file);
    std::fputs(measurement.report().c_str(), stdout);
}

int main(int argc, char** argv)
{
    CLI::App app{"The rows of sent messages in group commits, without a server around them"};
    std::string engine, database, world_path;
    std::size_t clients = 1;
    std::size_t text_bytes = 200;
    Plan plan;
    app.add_option("engine", engine, "sqlite, postgres, or disk: appends to the file DATABASE")
        ->required()
        ->check(CLI::IsMember({"sqlite", "postgres", "disk"}));
    app.add_option("--database", database, "A path, or a postgres:// URL")->required();
    app.add_option("--world", world_path, "The rows that are there already, a JSON file");
    app.add_option("--clients", clients, "Requesters")->check(CLI::Range(1, 10'000));
    app.add_option("--text-bytes", text_bytes, "Length of a text")->check(CLI::Range(12, 4'000));
    add_options(app, plan);
    CLI11_PARSE(app, argc, argv);
    try {
        if (engine == "disk") {
            run_appends(database, plan);
            return 0;
        }
        auto const world = read_world(world_path);
        auto const store =
            engine == "sqlite" ? open_sqlite_store(database) : open_postgres_store(database);
        Messages messages{world, text_bytes};
        run_batches(*store, messages, clients, plan);
        return 0;
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "limit: %s\n", failure.what());
        return 1;
    }
}
