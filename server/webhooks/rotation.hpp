#pragma once

#include "webhooks/circuit.hpp"
#include "webhooks/endpoint_queue.hpp"
#include "webhooks/limits.hpp"
#include "webhooks/store.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hermod::webhooks {

/// Where a webhook's deliveries go and how they are signed: never changed, but replaced.
struct Target {
    std::string url;
    WebhookFilter filter;
    bool test = false;
    std::optional<std::string> secret; ///< none: it cannot be read
    std::optional<std::string> old_secret;
    std::optional<Timestamp> old_secret_ends_at;
};

/// A webhook in memory.
struct Endpoint {
    explicit Endpoint(WebhookId const& webhook) : id(webhook) { }

    WebhookId id;
    std::shared_ptr<Target const> target;
    bool enabled = false;
    bool swept = false; ///< it is disabled, and what was open is given up
    EndpointQueue queue;
    Circuit circuit;
    Health health;
    bool health_changed = false;
    std::optional<Timestamp> paced_until; ///< it asked for time
    int in_flight = 0;
    int window = 1; ///< how many it may have at once: one more with each success
    bool prompt = false; ///< its last answer was good and quick
    bool offered = false;
    std::int64_t read_up_to = 0; ///< what is open up to here is in the queue, or left by it
    bool behind = true; ///< there may be more in the database
    std::int64_t log_offset = 0;
    std::optional<std::int64_t> replay_offset;
    std::optional<std::int64_t> replay_until;

    bool may_start(Timestamp now) const
    {
        return enabled && in_flight < window && queue.has_ready() && circuit.allows(now)
            && (!paced_until || *paced_until <= now);
    }
};

/// What an attempt needs to be written.
struct Written {
    std::shared_ptr<Endpoint> endpoint;
    Entry entry;
    AttemptEnd end;
    std::optional<Entry> again;
    std::optional<DisabledReason> disable; ///< what follows for the webhook
};

/// A workspace in memory.
struct Tenant {
    explicit Tenant(WorkspaceId const& workspace) : id(workspace) { }

    WorkspaceId id;
    bool held = true; ///< its shard is ours
    bool tending = false;
    bool config_changed = true;
    bool log_changed = true;
    std::optional<Timestamp> tend_at; ///< after the database was away
    std::map<WebhookId, std::shared_ptr<Endpoint>> endpoints;
    std::deque<std::shared_ptr<Endpoint>> ready;
    bool offered = false;
    int in_flight = 0;
    int in_flight_slow = 0;
    int in_hand = 0; ///< picked and not yet written
    std::vector<Written> written;
    bool writing = false;
    std::optional<Timestamp> alarm;
};

/// Whose delivery goes next: workspaces take turns, and so do the endpoints of one. Endpoints that
/// are not known to answer well and quickly get at most half of all places, of one workspace a
/// quarter; so those that do are never kept waiting by those that do not.
class Rotation {
public:
    explicit Rotation(Limits limits) : limits_(limits) { }

    struct Pick {
        std::shared_ptr<Tenant> tenant;
        std::shared_ptr<Endpoint> endpoint;
        Entry entry;
        bool slow = false; ///< it took a place of the slow
    };

    /// Takes the endpoint into the rotation where it may start one.
    void offer(std::shared_ptr<Tenant> const& tenant, std::shared_ptr<Endpoint> const& endpoint,
        Timestamp now);
    std::optional<Pick> next(Timestamp now);
    /// The request of a pick has ended, well or not; `took` it that long.
    void ended(Pick const& pick, bool success, milliseconds took, Timestamp now);
    /// It did not take place.
    void given_up(Pick const& pick, Timestamp now);

    int in_flight() const { return in_flight_; }

private:
    struct Place {
        std::shared_ptr<Tenant> tenant;
        std::shared_ptr<Endpoint> endpoint;
    };

    void offer_tenant(std::shared_ptr<Tenant> const& tenant);
    std::optional<Pick> next_of(std::shared_ptr<Tenant> const& tenant, Timestamp now);
    bool has_slow_place(Tenant const& tenant) const;
    void leave(Pick const& pick, Timestamp now);

    Limits limits_;
    std::deque<std::shared_ptr<Tenant>> tenants_;
    std::vector<Place> stalled_; ///< slow ones that wait for a place
    int in_flight_ = 0;
    int in_flight_slow_ = 0;
};

}
