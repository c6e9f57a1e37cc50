#pragma once

#include "base/metrics.hpp"
#include "base/task.hpp"
#include "events/log.hpp"
#include "jobs/leases.hpp"
#include "net/http_client.hpp"

#include "webhooks/outcome.hpp"
#include "webhooks/rotation.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace hermod::webhooks {

/// One request, out into the world.
using Post = std::function<Task<net::HttpOutcome>(net::HttpRequest)>;

struct EngineDeps {
    db::Database& database;
    Clock& clock;
    Tasks& tasks;
    Keyring const& keyring;
    events::Log& log;
    events::Audience const& audience;
    Metrics& metrics;
    Post post;
};

/// Makes deliveries from the log and delivers them, for the shards this process holds. All its
/// state lives on one io thread.
///
/// A workspace with webhooks is *tended* by one coroutine at a time: it reads what is configured,
/// makes deliveries for new events (moving the webhooks' progress in the same transaction), and
/// reads open deliveries into memory. What is ready goes out in turns; what came of it is written
/// in batches, and only then the next of its conversation goes. Nothing marks a delivery as under
/// way: after a crash it is still open, and is sent again.
class Engine final : public jobs::ShardHolder {
public:
    Engine(EngineDeps deps, asio::io_context& io, Limits limits = {});
    ~Engine() override;

    void start();
    /// From the database's commit hook, on any thread.
    void committed(std::span<db::Committed const> commits);
    /// No request is begun any more.
    void drain();
    /// While held nothing is sent. Deliveries are made, and wait. From any thread.
    void hold(bool held);
    /// Waits until nothing is under way; false where something still is. From outside the io
    /// threads.
    bool wait_until_idle(milliseconds patience);

    void gain(std::vector<int> const& shards) override;
    void lose(std::vector<int> const& shards) override;
    int under_way(int shard) const override;

private:
    using TenantPtr = std::shared_ptr<Tenant>;
    using EndpointPtr = std::shared_ptr<Endpoint>;
    using Pick = Rotation::Pick;
    struct Batch;

    // engine.cpp: what is to be looked at, and when.
    Task<void> run();
    Task<void> look();
    Task<void> load_gained();
    void drop_lost();
    void take_changes();
    void refresh_all();
    void touch(TenantPtr const& tenant);
    void review(TenantPtr const& tenant);
    void set_alarm(TenantPtr const& tenant);
    bool wants_tending(Tenant const& tenant) const;
    bool wants_reading(Endpoint const& endpoint) const;

    // engine_tend.cpp: from the database into memory.
    void start_tending(TenantPtr const& tenant);
    Task<void> tend(TenantPtr tenant);
    Task<void> load_webhooks(TenantPtr tenant);
    void take_webhook(Endpoint& endpoint, WebhookRow const& row) const;
    Task<void> give_up(TenantPtr tenant, EndpointPtr endpoint);
    Task<void> read_open(TenantPtr tenant, EndpointPtr endpoint);

    // engine_log.cpp: from the log into deliveries.
    Task<void> consume(TenantPtr tenant);
    Task<bool> consume_some(TenantPtr tenant);
    Task<events::Log::Lines> read_log(TenantPtr tenant, std::int64_t from, std::int64_t limit);
    Task<void> write_batch(TenantPtr tenant, Batch const& batch);
    void hand_over(Batch const& batch, std::vector<std::optional<DeliveryId>> const& ids);
    Task<void> replay_some(TenantPtr tenant, EndpointPtr endpoint);

    // engine_send.cpp: out, and what came of it.
    void dispatch();
    Task<void> load_and_send(TenantPtr tenant, std::vector<Pick> picks);
    void send(Pick pick);
    Task<void> send_one(Pick pick);
    Task<net::HttpOutcome> post(Target const& target, Entry const& entry);
    void put_back(std::vector<Pick> const& picks);
    void note(Pick const& pick, Outcome const& outcome, Timestamp started_at, milliseconds took);
    void start_writing(TenantPtr const& tenant);
    Task<void> write_all(TenantPtr tenant);
    Task<void> write_some(TenantPtr tenant, std::vector<Written> const& some);
    void written(TenantPtr const& tenant, std::vector<Written> const& some);
    void take_in_hand(Tenant& tenant);
    void let_go(Tenant& tenant);

    EngineDeps deps_;
    asio::io_context& io_;
    Wakeup wakeup_;
    Gauge under_way_metric_;
    Histogram lag_metric_;

    // On the io thread alone.
    Rotation rotation_;
    std::unordered_map<WorkspaceId, TenantPtr> tenants_;
    std::unordered_set<TenantPtr> touched_;
    std::set<std::pair<Timestamp, WorkspaceId>> alarms_;
    std::set<int> shards_;
    Timestamp next_refresh_;

    std::array<std::atomic<int>, db::shard_count> in_hand_of_{};

    std::mutex mutex_; ///< guards what follows, which other threads leave for the loop or ask
    std::condition_variable idle_;
    int in_hand_ = 0;
    bool draining_ = false;
    bool held_ = false;
    std::unordered_map<WorkspaceId, std::uint8_t> changed_; ///< with the wakes
    std::vector<int> gained_;
    std::vector<int> lost_;
};

}
