#include "webhooks/engine.hpp"

#include "base/errors.hpp"
#include "base/log.hpp"

#include "webhooks/metrics.hpp"
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <utility>

namespace hermod::webhooks {

/// Wake-ups of another node may be lost.
static constexpr auto refresh_every = std::chrono::minutes{5};
static constexpr auto look_again = std::chrono::seconds{30};

Engine::Engine(EngineDeps deps, asio::io_context& io, Limits limits)
    : deps_(std::move(deps))
    , io_(io)
    , wakeup_(io, deps_.clock)
    , under_way_metric_(deps_.metrics.gauge(metric::under_way.name, metric::under_way.help))
    , lag_metric_(deps_.metrics.histogram(metric::lag.name, metric::lag.help))
    , rotation_(limits)
{
}

Engine::~Engine() = default;

void Engine::start()
{
    deps_.tasks.spawn(io_, "webhooks", [this] { return run(); });
}

void Engine::committed(std::span<db::Committed const> commits)
{
    static constexpr auto ours =
        static_cast<std::uint8_t>(db::Wake::log) | static_cast<std::uint8_t>(db::Wake::webhooks);
    bool any = false;
    {
        std::lock_guard const lock{mutex_};
        for (auto const& commit : commits) {
            auto const wakes = static_cast<std::uint8_t>(commit.wakes & ours);
            if (wakes == 0)
                continue;
            auto& known = changed_[commit.workspace];
            any |= (known | wakes) != known;
            known |= wakes;
        }
    }
    if (any)
        wakeup_.wake();
}

void Engine::gain(std::vector<int> const& shards)
{
    {
        std::lock_guard const lock{mutex_};
        gained_.insert(gained_.end(), shards.begin(), shards.end());
    }
    wakeup_.wake();
}

void Engine::lose(std::vector<int> const& shards)
{
    {
        std::lock_guard const lock{mutex_};
        lost_.insert(lost_.end(), shards.begin(), shards.end());
        std::erase_if(
            gained_, [&](int shard) { return std::ranges::find(shards, shard) != shards.end(); });
    }
    wakeup_.wake();
}

void Engine::drain()
{
    std::lock_guard const lock{mutex_};
    draining_ = true;
}

void Engine::hold(bool held)
{
    {
        std::lock_guard const lock{mutex_};
        held_ = held;
    }
    wakeup_.wake();
}

bool Engine::wait_until_idle(milliseconds patience)
{
    std::unique_lock lock{mutex_};
    return idle_.wait_for(lock, patience, [this] { return in_hand_ == 0; });
}

int Engine::under_way(int shard) const
{
    return in_hand_of_[static_cast<std::size_t>(shard)];
}

void Engine::take_in_hand(Tenant& tenant)
{
    ++tenant.in_hand;
    ++in_hand_of_[static_cast<std::size_t>(db::shard_of(tenant.id))];
    std::lock_guard const lock{mutex_};
    ++in_hand_;
}

void Engine::let_go(Tenant& tenant)
{
    --tenant.in_hand;
    --in_hand_of_[static_cast<std::size_t>(db::shard_of(tenant.id))];
    std::lock_guard const lock{mutex_};
    if (--in_hand_ == 0)
        idle_.notify_all();
}

Task<void> Engine::run()
{
    for (;;) {
        co_await look();
        auto const now = deps_.clock.now();
        while (!alarms_.empty() && alarms_.begin()->first <= now) {
            auto const due = alarms_.extract(alarms_.begin()).value();
            if (auto const found = tenants_.find(due.second); found != tenants_.end()) {
                found->second->alarm.reset();
                touched_.insert(found->second);
            }
        }
        for (auto const& tenant : std::exchange(touched_, {}))
            review(tenant);
        dispatch();
        under_way_metric_.set(rotation_.in_flight());
        auto next = std::min(now + look_again, next_refresh_);
        if (!alarms_.empty())
            next = std::min(next, alarms_.begin()->first);
        co_await wakeup_.wait_until(next);
    }
}

Task<void> Engine::look()
{
    try {
        drop_lost();
        co_await load_gained();
        take_changes();
        if (deps_.clock.now() >= next_refresh_)
            refresh_all();
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted)
            throw;
        log::error("webhooks could not be looked for", {{"error", e.what()}});
    } catch (std::exception const& e) {
        log::warn("webhooks could not be looked for", {{"error", e.what()}});
    }
}

void Engine::drop_lost()
{
    std::vector<int> lost;
    {
        std::lock_guard const lock{mutex_};
        lost.swap(lost_);
    }
    if (lost.empty())
        return;
    for (auto const shard : lost)
        shards_.erase(shard);
    for (auto const& [id, tenant] : tenants_) {
        if (shards_.contains(db::shard_of(id)))
            continue;
        tenant->held = false;
        for (auto const& [webhook, endpoint] : tenant->endpoints)
            endpoint->queue.drop();
        touched_.insert(tenant);
    }
}

Task<void> Engine::load_gained()
{
    {
        std::lock_guard const lock{mutex_};
        if (gained_.empty())
            co_return;
    }
    auto const workspaces = co_await deps_.database.system().read([](db::GlobalTx const& tx) {
        return tx.all<WorkspaceId>("SELECT workspace_id FROM workspace_directory");
    });
    std::set<int> gained;
    {
        // Without what was lost again meanwhile.
        std::lock_guard const lock{mutex_};
        gained = {gained_.begin(), gained_.end()};
        gained_.clear();
    }
    drop_lost();
    shards_.insert(gained.begin(), gained.end());
    for (auto const& workspace : workspaces) {
        if (!gained.contains(db::shard_of(workspace)))
            continue;
        auto& tenant = tenants_[workspace];
        if (!tenant)
            tenant = std::make_shared<Tenant>(workspace);
        tenant->held = true;
        tenant->config_changed = true;
        tenant->log_changed = true;
        touched_.insert(tenant);
    }
}

void Engine::take_changes()
{
    std::unordered_map<WorkspaceId, std::uint8_t> changed;
    {
        std::lock_guard const lock{mutex_};
        changed.swap(changed_);
    }
    for (auto const& [workspace, wakes] : changed) {
        auto const configured = (wakes & static_cast<std::uint8_t>(db::Wake::webhooks)) != 0;
        auto found = tenants_.find(workspace);
        if (found == tenants_.end()) {
            // Without a webhook its log is of no interest.
            if (!configured || !shards_.contains(db::shard_of(workspace)))
                continue;
            found = tenants_.emplace(workspace, std::make_shared<Tenant>(workspace)).first;
        }
        found->second->config_changed |= configured;
        found->second->log_changed = true;
        touched_.insert(found->second);
    }
}

void Engine::refresh_all()
{
    for (auto const& [id, tenant] : tenants_) {
        tenant->config_changed = true;
        tenant->log_changed = true;
        touched_.insert(tenant);
    }
    next_refresh_ = deps_.clock.now() + refresh_every;
}

void Engine::touch(TenantPtr const& tenant)
{
    touched_.insert(tenant);
    wakeup_.wake();
}

bool Engine::wants_reading(Endpoint const& endpoint) const
{
    if (!endpoint.enabled || !endpoint.queue.has_room())
        return false;
    auto const left = endpoint.queue.left();
    return endpoint.behind || endpoint.queue.has_rescan()
        || (left && *left <= deps_.clock.now() + EndpointQueue::horizon);
}

bool Engine::wants_tending(Tenant const& tenant) const
{
    if (tenant.tend_at && *tenant.tend_at > deps_.clock.now())
        return false;
    return tenant.config_changed || tenant.log_changed
        || std::ranges::any_of(
            tenant.endpoints, [&](auto const& one) { return wants_reading(*one.second); });
}

void Engine::review(TenantPtr const& tenant)
{
    auto const forgettable =
        !tenant->held || (tenant->endpoints.empty() && !wants_tending(*tenant));
    if (forgettable && !tenant->tending && tenant->in_hand == 0) {
        if (tenant->alarm)
            alarms_.erase({*tenant->alarm, tenant->id});
        tenants_.erase(tenant->id);
        return;
    }
    if (!tenant->held)
        return;
    auto const now = deps_.clock.now();
    for (auto const& [id, endpoint] : tenant->endpoints) {
        endpoint->queue.promote(now);
        rotation_.offer(tenant, endpoint, now);
    }
    if (!tenant->tending && wants_tending(*tenant))
        start_tending(tenant);
    set_alarm(tenant);
}

void Engine::set_alarm(TenantPtr const& tenant)
{
    auto const now = deps_.clock.now();
    std::optional<Timestamp> next;
    auto const at = [&](std::optional<Timestamp> const& time) {
        if (time && *time > now)
            next = std::min(next.value_or(*time), *time);
    };
    at(tenant->tend_at);
    for (auto const& [id, endpoint] : tenant->endpoints) {
        at(endpoint->queue.next_due());
        if (auto const left = endpoint->queue.left())
            at(*left - EndpointQueue::horizon);
        if (endpoint->queue.has_ready()) {
            at(endpoint->paced_until);
            at(endpoint->circuit.open_until());
        }
    }
    if (next == tenant->alarm)
        return;
    if (tenant->alarm)
        alarms_.erase({*tenant->alarm, tenant->id});
    tenant->alarm = next;
    if (next)
        alarms_.emplace(*next, tenant->id);
}

}
