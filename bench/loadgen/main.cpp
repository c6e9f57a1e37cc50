#include "common/world.hpp"
#include "loadgen/load.hpp"
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

using namespace hermod::bench;

int main(int argc, char** argv)
{
    CLI::App app{"Sends messages over HTTP in a closed loop and prints what came of it as JSON"};
    std::string scenario_path;
    std::size_t clients = 1;
    Plan plan;
    app.add_option("--scenario", scenario_path, "The scenario, a JSON file")->required();
    app.add_option("--clients", clients, "Connections")->required()->check(CLI::Range(1, 10'000));
    add_options(app, plan);
    CLI11_PARSE(app, argc, argv);
    try {
        auto const scenario = read_scenario(scenario_path);
        Measurement measurement{plan, std::chrono::steady_clock::now()};
        run_load(scenario, clients, measurement);
        std::fputs(measurement.report().c_str(), stdout);
        return 0;
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "loadgen: %s\n", failure.what());
        return 1;
    }
}
