#include "webhooks/rotation.hpp"

#include <algorithm>
#include <utility>

namespace hermod::webhooks {

static constexpr milliseconds prompt_answer{2000};
/// Of one workspace, what may be under way or wait to be written.
static constexpr int most_in_hand = 2000;

void Rotation::offer_tenant(std::shared_ptr<Tenant> const& tenant)
{
    if (tenant->offered || tenant->ready.empty())
        return;
    tenant->offered = true;
    tenants_.push_back(tenant);
}

void Rotation::offer(
    std::shared_ptr<Tenant> const& tenant, std::shared_ptr<Endpoint> const& endpoint, Timestamp now)
{
    if (!endpoint->offered && endpoint->may_start(now)) {
        endpoint->offered = true;
        tenant->ready.push_back(endpoint);
    }
    offer_tenant(tenant);
}

bool Rotation::has_slow_place(Tenant const& tenant) const
{
    return in_flight_slow_ < std::max(1, limits_.concurrency / 2)
        && tenant.in_flight_slow < std::max(1, limits_.concurrency / 4);
}

std::optional<Rotation::Pick> Rotation::next_of(
    std::shared_ptr<Tenant> const& tenant, Timestamp now)
{
    while (!tenant->ready.empty()) {
        auto endpoint = std::move(tenant->ready.front());
        tenant->ready.pop_front();
        auto const slow = !endpoint->prompt;
        if (slow && endpoint->may_start(now) && !has_slow_place(*tenant)) {
            stalled_.push_back({tenant, std::move(endpoint)}); // still counts as offered
            continue;
        }
        endpoint->offered = false;
        if (!tenant->held || !endpoint->may_start(now))
            continue;
        auto entry = endpoint->queue.next();
        if (!entry)
            continue;
        endpoint->circuit.began(now);
        ++endpoint->in_flight;
        ++tenant->in_flight;
        ++in_flight_;
        tenant->in_flight_slow += slow ? 1 : 0;
        in_flight_slow_ += slow ? 1 : 0;
        if (endpoint->may_start(now)) {
            endpoint->offered = true;
            tenant->ready.push_back(endpoint);
        }
        return Pick{tenant, std::move(endpoint), *std::move(entry), slow};
    }
    return std::nullopt;
}

std::optional<Rotation::Pick> Rotation::next(Timestamp now)
{
    while (!tenants_.empty() && in_flight_ < limits_.concurrency) {
        auto const tenant = std::move(tenants_.front());
        tenants_.pop_front();
        tenant->offered = false;
        // One that has most places already comes back when one of its requests has ended.
        if (tenant->in_flight >= std::max(1, limits_.concurrency * 3 / 4)
            || tenant->in_hand >= most_in_hand)
            continue;
        auto pick = next_of(tenant, now);
        offer_tenant(tenant);
        if (pick)
            return pick;
    }
    return std::nullopt;
}

void Rotation::leave(Pick const& pick, Timestamp now)
{
    --pick.endpoint->in_flight;
    --pick.tenant->in_flight;
    --in_flight_;
    if (pick.slow) {
        --pick.tenant->in_flight_slow;
        --in_flight_slow_;
        for (auto const& [tenant, endpoint] : std::exchange(stalled_, {})) {
            tenant->ready.push_back(endpoint);
            offer_tenant(tenant);
        }
    }
    offer(pick.tenant, pick.endpoint, now);
}

void Rotation::ended(Pick const& pick, bool success, milliseconds took, Timestamp now)
{
    auto& endpoint = *pick.endpoint;
    endpoint.prompt = success && took <= prompt_answer;
    endpoint.window = endpoint.prompt ? std::min(endpoint.window + 1, limits_.per_endpoint)
                                      : std::max(1, endpoint.window / 2);
    if (endpoint.circuit.ended(success, now)) {
        endpoint.health.held_until = endpoint.circuit.open_until();
        endpoint.health.holds = endpoint.circuit.opened();
        endpoint.health_changed = true;
    }
    leave(pick, now);
}

void Rotation::given_up(Pick const& pick, Timestamp now)
{
    pick.endpoint->circuit.given_up();
    leave(pick, now);
}

}
