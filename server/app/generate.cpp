#include "app/app.hpp"
#include "app/features.hpp"
#include "app/open_database.hpp"
#include "app/testing_clock.hpp"
#include "events/catalogue.hpp"
#include "jobs/metrics.hpp"
#include "messages/metrics.hpp"
#include "net/http_server.hpp"
#include "net/metrics.hpp"
#include "net/openapi.hpp"
#include "net/operational.hpp"
#include "net/pipeline.hpp"

#include "webhooks/metrics.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <span>
#include <sstream>

namespace hermod::app {

static void write_file(std::filesystem::path const& path, std::string_view text)
{
    std::ofstream file{path, std::ios::binary | std::ios::trunc};
    file << text;
    if (!file.flush())
        throw std::runtime_error{"cannot write " + path.string()};
}

/// What has no value yet, as nothing was served, is in no text: it is taken from the folders'
/// lists.
static auto listed_metrics()
{
    std::map<std::string, std::pair<std::string, std::string>> metrics;
    auto const add = [&](std::span<MetricInfo const> list) {
        for (auto const& metric : list)
            metrics[metric.name] = {metric.help, metric.type};
    };
    add(net::metric::all);
    add(jobs::metric::all);
    add(messages::metric::all);
    add(webhooks::metric::all);
    return metrics;
}

/// The metrics as a table, from the lists and the HELP and TYPE lines of their text form.
static std::string metrics_reference(std::string const& text)
{
    auto metrics = listed_metrics();
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string hash, what, name, rest;
        words >> hash >> what >> name;
        std::getline(words >> std::ws, rest);
        if (hash == "#" && what == "HELP")
            metrics[name].first = rest;
        else if (hash == "#" && what == "TYPE")
            metrics[name].second = rest;
    }
    std::string out = "# Metrics\n\n`GET /metrics`, in the Prometheus text format.\n\n"
                      "| metric | type | meaning |\n|---|---|---|\n";
    for (auto const& [name, told] : metrics)
        out += "| `" + name + "` | " + told.second + " | " + told.first + " |\n";
    return out;
}

/// A folder that goes when the work is done.
struct ScratchFolder {
    ScratchFolder()
    {
        auto name = (std::filesystem::temp_directory_path() / "hermod-gen-XXXXXX").string();
        if (!mkdtemp(name.data()))
            throw std::runtime_error{"cannot make a temporary folder"};
        path = name;
    }
    ~ScratchFolder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    ScratchFolder(ScratchFolder const&) = delete;
    ScratchFolder& operator=(ScratchFolder const&) = delete;
    std::filesystem::path path;
};

void generate(std::filesystem::path const& folder)
{
    // The real features over an empty database of their own: what they register is what is written.
    ScratchFolder const scratch;
    auto const config = load_config(std::nullopt,
        {{"HERMOD_DATA_DIR", scratch.path.string()}, {"HERMOD_TESTING_CLOCK", "true"}})
                            .config;
    auto const keyring = Keyring::parse(Keyring::generate_line("gen"));
    Clock clock;
    Metrics metrics;
    migrate_database(config, clock);
    IoThreads threads{1};
    auto const db = open_database(config, clock, metrics);
    Tasks tasks;
    Features features{{config, clock, metrics, keyring, *db, tasks, threads.main()}, "gen"};
    net::Router router;
    ClockDeps clock_deps{clock};
    features.add_routes(router);
    add_testing_clock(router, clock_deps);
    net::Pipeline const pipeline{router, features.authenticator(), clock, metrics, {}};

    std::filesystem::create_directories(folder);
    write_file(folder / "openapi.json", net::pretty_json(net::openapi_document(router)));
    write_file(folder / "events.json", net::pretty_json(events::document(features.catalogue())));
    write_file(folder / "errors.json", net::pretty_json(net::errors_document()));
    write_file(folder / "config.md", config_reference());
    write_file(folder / "metrics.md", metrics_reference(metrics.text()));
    features.close();
    db->close();
}

}
