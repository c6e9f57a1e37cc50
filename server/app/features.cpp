#include "app/features.hpp"

#include "app/housekeeping.hpp"
#include "people/attributes.hpp"
#include "workspaces/idempotency.hpp"

#include <algorithm>
#include <array>

namespace hermod::app {

void JobRepeats::require_first_use(db::Tx const& tx, Caller const& caller) const
{
    workspaces::require_first_use(tx, caller);
}

void JobRepeats::remember_reply(
    db::Tx& tx, Caller const& caller, int status, std::string_view body) const
{
    workspaces::remember_reply(tx, caller, status, body);
}

bool JobSight::sees(db::Tx const& tx, Caller const& caller, MessageId const& message) const
{
    return !caller.test
        || accounts::may_reach(tx, caller, messages::require_message(tx, message).account_id);
}

void ShardWork::gain(std::vector<int> const& shards)
{
    scheduler_.gain(shards);
    webhooks_.gain(shards);
}

void ShardWork::lose(std::vector<int> const& shards)
{
    scheduler_.lose(shards);
    webhooks_.lose(shards);
}

int ShardWork::under_way(int shard) const
{
    return scheduler_.under_way(shard) + webhooks_.under_way(shard);
}

/// Where a browser takes no `Secure` cookie, which it need not have there.
static bool is_plain_loopback(std::string_view public_url)
{
    static constexpr std::array places{std::string_view{"http://localhost"},
        std::string_view{"http://127."}, std::string_view{"http://[::1]"}};
    return std::ranges::any_of(places, [&](auto place) { return public_url.starts_with(place); });
}

Features::Features(Ground const& ground, std::string epoch)
    : ground_(ground)
    , catalogue_(all_event_types())
    , audience_(catalogue_, membership_)
    , log_(ground.db, ground.clock, ground.tasks, ground.main_io, std::move(epoch))
    , scheduler_(ground.db, ground.clock, ground.tasks, ground.main_io, ground.metrics,
          {.concurrency = ground.config.jobs.concurrency,
              .per_workspace = ground.config.jobs.per_workspace})
    , hold_(ground.db, ground.clock, ground.metrics)
    , jobs_deps_{ground.db, repeats_, sight_}
    , workspaces_deps_{ground.db}
    , people_deps_{ground.db}
    , merge_deps_{ground.db, merged_people_}
    , merge_worker_(ground.db, merged_people_)
    , import_worker_(ground.db)
    , access_(ground.db, ground.clock, ground.keyring,
          {.access_token = ground.config.auth.access_token,
              .session = ground.config.auth.refresh_token,
              .sign_in_attempts = ground.config.net.rate_limit.sign_in_per_address,
              .plain_cookie = is_plain_loopback(ground.config.public_url)})
    , events_deps_{ground.db, ground.clock, log_, catalogue_, audience_, &access_.cache}
    , guard_(ground.config.net.allow_private_networks)
    , http_(guard_, {.ca_file = ground.config.net.ca_file})
    , smtp_(guard_)
    , sandbox_(http_, ground.clock)
    , email_(smtp_, guard_, ground.config.net.ca_file)
    , circuit_(ground.db, ground.clock)
    , supervisor_(ground.db, connectors_, ground.keyring, circuit_, ground.tasks, ground.metrics)
    , accounts_deps_{ground.db, connectors_, ground.keyring, ground.config.limits.accounts}
    , receipts_(ground.clock)
    , conversations_deps_{ground.db, connectors_, log_, receipts_}
    , messages_deps_{ground.db, ground.clock, log_, connectors_}
    , send_worker_(ground.db, ground.clock, connectors_, ground.keyring, circuit_, ground.metrics)
    , receipt_worker_(ground.db)
    , inbox_(ground.db, connectors_)
    , sandbox_deps_{ground.db, inbox_, ground.clock}
    , webhooks_deps_{ground.db, ground.keyring, guard_, catalogue_, audience_, log_}
    , webhooks_(
          {ground.db, ground.clock, ground.tasks, ground.keyring, log_, audience_, ground.metrics,
              [this](net::HttpRequest request) { return http_.request(std::move(request)); }},
          ground.main_io,
          {.concurrency = ground.config.webhooks.concurrency,
              .per_endpoint = ground.config.webhooks.per_endpoint})
    , shard_work_(scheduler_, webhooks_)
    , leases_(ground.db, ground.clock, shard_work_)
{
    connectors_.add(sandbox_);
    connectors_.add(email_);
    scheduler_.add(send_worker_);
    scheduler_.add(receipt_worker_);
    scheduler_.add(merge_worker_);
    scheduler_.add(import_worker_);
    hold_.tell([this](bool held) {
        scheduler_.hold(held);
        webhooks_.hold(held);
    });
}

void Features::add_routes(net::Router& router)
{
    access::add_routes(router, access_.deps);
    workspaces::add_routes(router, workspaces_deps_);
    people::add_routes(router, people_deps_);
    people::add_import_routes(router, people_deps_);
    people::add_attribute_routes(router, people_deps_);
    people::add_merge_routes(router, merge_deps_);
    accounts::add_routes(router, accounts_deps_);
    conversations::add_routes(router, conversations_deps_);
    messages::add_routes(router, messages_deps_);
    events::add_routes(router, events_deps_);
    jobs::add_routes(router, jobs_deps_);
    sandbox::add_routes(router, sandbox_deps_);
    webhooks::add_routes(router, webhooks_deps_);
    email::document(router);
}

void Features::start()
{
    auto& tasks = ground_.tasks;
    auto& io = ground_.main_io;
    scheduler_.start();
    webhooks_.start();
    tasks.spawn(io, "shard leases", [this] { return leases_.run(); });
    tasks.spawn(io, "hold watch", [this] { return hold_.run(); });
    supervisor_.start(io);
    tasks.spawn(io, "access watch", [this] { return access_.watch.run(); });
    tasks.spawn(io, "access housekeeping", [this] { return access_.watch.keep_house(); });
    tasks.spawn(io, "housekeeping",
        [this] { return keep_house(ground_.db, ground_.clock, ground_.config); });
}

void Features::committed(std::span<db::Committed const> commits)
{
    log_.committed(commits);
    scheduler_.committed(commits);
    webhooks_.committed(commits);
    for (auto const& commit : commits)
        if (commit.wakes & static_cast<std::uint8_t>(db::Wake::accounts))
            supervisor_.wake(commit.workspace);
}

void Features::drain()
{
    scheduler_.drain();
    webhooks_.drain();
    log_.drain();
}

bool Features::wait_until_idle(milliseconds patience)
{
    auto const deadline = std::chrono::steady_clock::now() + patience;
    auto const jobs_ended = scheduler_.wait_until_idle(patience);
    auto const left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    return webhooks_.wait_until_idle(std::max(left, milliseconds{0})) && jobs_ended;
}

void Features::close()
{
    smtp_.close();
    access_.passwords.close();
}

}
