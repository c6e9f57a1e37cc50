#include "jobs/queue.hpp"

namespace hermod::jobs {

/// A retry later than this lets the jobs behind it pass.
static constexpr auto longest_hold = std::chrono::seconds{60};

static std::size_t index(Lane lane)
{
    return static_cast<std::size_t>(lane);
}

std::string Queue::key_of(Entry const& entry)
{
    // A job without a key is alone with one of its own.
    return entry.order_key.empty() ? "#" + std::to_string(entry.position) : entry.order_key;
}

void Queue::add(WorkspaceId const& workspace, Entry entry, Timestamp now)
{
    auto& tenant = tenants_[workspace];
    if (!tenant.known.insert(entry.id).second)
        return;
    ++tenant.lanes[index(entry.lane)].held;
    if (entry.run_at > now)
        due_.insert({entry.run_at, workspace, entry.position, std::move(entry), false});
    else
        make_ready(workspace, tenant, std::move(entry), false);
}

void Queue::promote(Timestamp now)
{
    while (!due_.empty() && due_.begin()->at <= now) {
        auto due = std::move(due_.extract(due_.begin()).value());
        make_ready(due.workspace, tenants_[due.workspace], std::move(due.entry), due.holds_key);
    }
}

void Queue::make_ready(WorkspaceId const& workspace, Tenant& tenant, Entry entry, bool held_key)
{
    auto const lane = index(entry.lane);
    auto name = key_of(entry);
    auto& key = tenant.lanes[lane].keys[name];
    auto const was_offered = !key.busy && !key.waiting.empty();
    if (held_key)
        key.busy = false;
    key.waiting.emplace(entry.position, std::move(entry));
    if (!key.busy && !was_offered)
        offer(workspace, tenant, lane, std::move(name));
}

void Queue::offer(WorkspaceId const& workspace, Tenant& tenant, std::size_t lane, std::string key)
{
    auto& state = tenant.lanes[lane];
    state.ready.push_back(std::move(key));
    if (!state.in_rotation) {
        state.in_rotation = true;
        rotation_[lane].push_back(workspace);
    }
}

std::optional<Queue::Pick> Queue::next()
{
    for (std::size_t lane = 0; lane < rotation_.size(); ++lane)
        if (running_[lane] < limits_.per_lane[lane])
            if (auto pick = next_of(lane))
                return pick;
    return std::nullopt;
}

std::optional<Queue::Pick> Queue::next_of(std::size_t lane)
{
    auto& rotation = rotation_[lane];
    for (auto turns = rotation.size(); turns > 0; --turns) {
        auto const workspace = rotation.front();
        rotation.pop_front();
        auto& tenant = tenants_[workspace];
        auto& state = tenant.lanes[lane];
        // The most urgent lane is not held back by the workspace's own slower work.
        if (lane > 0 && tenant.running >= limits_.per_workspace) {
            rotation.push_back(workspace);
            continue;
        }
        auto const name = std::move(state.ready.front());
        state.ready.pop_front();
        auto& key = state.keys[name];
        auto entry = std::move(key.waiting.extract(key.waiting.begin()).mapped());
        key.busy = true;
        ++tenant.running;
        ++running_[lane];
        if (state.ready.empty())
            state.in_rotation = false;
        else
            rotation.push_back(workspace);
        return Pick{workspace, std::move(entry)};
    }
    return std::nullopt;
}

void Queue::forget(Tenant& tenant, Entry const& entry)
{
    if (tenant.known.erase(entry.id) > 0)
        --tenant.lanes[index(entry.lane)].held;
}

void Queue::end(Pick const& pick, std::optional<Ended> const& ended, Timestamp now)
{
    auto const lane = index(pick.entry.lane);
    auto& tenant = tenants_[pick.workspace];
    auto& state = tenant.lanes[lane];
    --tenant.running;
    --running_[lane];

    auto const name = key_of(pick.entry);
    auto& key = state.keys[name];
    key.busy = false;
    if (ended && (ended->state == State::retrying || ended->state == State::outcome_unknown)) {
        auto entry = pick.entry;
        entry.state = ended->state;
        entry.run_at = ended->run_at;
        auto const holds = ended->state == State::retrying && ended->run_at <= now + longest_hold;
        key.busy = holds;
        due_.insert({entry.run_at, pick.workspace, entry.position, std::move(entry), holds});
    } else {
        forget(tenant, pick.entry);
    }
    if (key.busy)
        return;
    if (key.waiting.empty())
        state.keys.erase(name);
    else
        offer(pick.workspace, tenant, lane, name);
}

void Queue::drop(WorkspaceId const& workspace)
{
    std::erase_if(due_, [&](Due const& due) { return due.workspace == workspace; });
    for (auto& rotation : rotation_)
        std::erase(rotation, workspace);
    auto const found = tenants_.find(workspace);
    if (found == tenants_.end())
        return;
    // What runs ends by itself and finds its key gone idle.
    auto const running = found->second.running;
    found->second = {};
    found->second.running = running;
}

std::optional<Timestamp> Queue::next_due() const
{
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->at};
}

std::size_t Queue::held(WorkspaceId const& workspace, Lane lane) const
{
    auto const found = tenants_.find(workspace);
    return found == tenants_.end() ? 0 : found->second.lanes[index(lane)].held;
}

std::size_t Queue::held() const
{
    std::size_t total = 0;
    for (auto const& [workspace, tenant] : tenants_)
        total += tenant.known.size();
    return total;
}

}
