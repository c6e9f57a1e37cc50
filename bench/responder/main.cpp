#include "responder/responder.hpp"
#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

using namespace hermod::bench;

int main(int argc, char** argv)
{
    CLI::App app{"Receives webhooks and measures them"};
    std::uint16_t port = 0;
    std::int64_t delay_ms = 20;
    std::size_t dead = 0;
    app.add_option("--port", port, "Where it listens, on loopback")->required();
    app.add_option("--delay-ms", delay_ms, "How long each answer takes");
    app.add_option("--dead", dead, "The first so many endpoints never answer");
    CLI11_PARSE(app, argc, argv);
    try {
        Responder{port, std::chrono::milliseconds{delay_ms}, dead}.run();
        return 0;
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "responder: %s\n", failure.what());
        return 1;
    }
}
