#include "app/app.hpp"

#include "app/features.hpp"
#include "app/master_key.hpp"
#include "app/open_database.hpp"
#include "app/pipeline.hpp"
#include "app/testing_clock.hpp"
#include "base/log.hpp"
#include "events/log.hpp"
#include "net/ca_file.hpp"
#include "net/http_server.hpp"
#include "net/operational.hpp"
#include "net/pipeline.hpp"
#include "net/tls.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

namespace hermod::app {

/// Blocks the signals that mean something to us in this thread and those it starts; they are waited
/// for.
static sigset_t block_signals()
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return set;
}

static std::size_t threads_of(NetConfig const& config)
{
    if (config.threads > 0)
        return static_cast<std::size_t>(config.threads);
    return std::max(1U, std::thread::hardware_concurrency());
}

static std::string load_epoch(IoThreads& threads, db::Database& db)
{
    std::string epoch;
    run_blocking(threads.main(), [&]() -> Task<void> { epoch = co_await events::load_epoch(db); });
    return epoch;
}

/// What outgoing TLS trusts is found wrong here, not at the first mail.
static void require_ca_file(NetConfig const& config)
{
    if (config.ca_file.empty())
        return;
    if (auto const fault = net::fault_of_ca_file(config.ca_file))
        throw ConfigError{"net.ca_file: " + config.ca_file + " " + *fault};
}

/// Gives up what other nodes could take over; a database that is away is not waited for.
static void hand_over(asio::io_context& io, Features& features)
{
    Tasks last;
    last.spawn(io, "hand over", [&] { return features.hand_over(); });
    last.wait();
}

/// Requests and jobs under way end by themselves, both within `patience`. What does not is cut off:
/// such a request gets no answer, such a job is recovered by the next process.
static void drain(milliseconds patience, Features& features, net::HttpServer& server)
{
    auto const deadline = std::chrono::steady_clock::now() + patience;
    features.drain();
    server.drain(patience);
    auto const left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (!features.wait_until_idle(std::max(left, milliseconds{0})))
        log::warn("jobs in hand did not end in time");
}

static std::unique_ptr<net::TlsIdentity> load_tls(
    TlsConfig const& config, Clock& clock, Metrics& metrics)
{
    if (config.certificate_file.empty())
        return nullptr;
    return std::make_unique<net::TlsIdentity>(
        net::TlsIdentity::Files{config.certificate_file, config.key_file}, clock, metrics);
}

/// Until a signal that ends the process, which it returns; SIGHUP reads the certificate again.
static int wait_for_end(sigset_t const& signals, net::TlsIdentity* tls)
{
    for (;;) {
        int signal = 0;
        sigwait(&signals, &signal);
        if (signal != SIGHUP)
            return signal;
        if (tls)
            tls->reload();
        else
            log::info("nothing to read again: no certificate is configured");
    }
}

void serve(Config const& config)
{
    auto const signals = block_signals();
    auto const keyring = load_master_key(config);
    require_ca_file(config.net);
    Clock clock;
    Metrics metrics;
    auto const tls = load_tls(config.net.tls, clock, metrics);
    prepare_database(config, clock);
    IoThreads threads{threads_of(config.net)};
    auto const db = open_database(config, clock, metrics);
    run_blocking(threads.main(), [&] { return require_master_key(*db, keyring); });
    Tasks tasks;
    Features features{
        {config, clock, metrics, keyring, *db, tasks, threads.main()}, load_epoch(threads, *db)};

    net::Router router;
    ClockDeps clock_deps{clock};
    features.add_routes(router);
    if (config.testing.clock)
        add_testing_clock(router, clock_deps);
    net::Operational operational{.metrics = metrics,
        .router = router,
        .check_ready = [&]() -> Task<void> { co_await db->ping(); },
        .is_held = [&] { return features.is_held(); }};
    net::add_operational_routes(router, operational);
    net::Pipeline pipeline{
        router, features.authenticator(), clock, metrics, pipeline_options(config)};
    net::HttpServer server{threads, clock, metrics, pipeline, http_options(config, tls.get())};

    db->on_commit([&](std::span<db::Committed const> commits) { features.committed(commits); });
    run_blocking(threads.main(), [&] { return features.load(); });
    features.start();
    server.start();
    threads.start();
    log::info("serving", {{"listen", Endpoint{config.listen.host, server.port()}.str()}});

    auto const signal = wait_for_end(signals, tls.get());
    log::info("draining", {{"signal", signal}});
    operational.draining = true;
    drain(config.net.drain_timeout, features, server);
    tasks.stop();
    hand_over(threads.main(), features);
    features.close();
    db->close();
    threads.stop();
    log::info("stopped");
}

}
