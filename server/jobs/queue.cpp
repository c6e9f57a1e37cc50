#include "jobs/queue.hpp"

#include "base/errors.hpp"

#include <algorithm>
#include <utility>

namespace hermod::jobs {

/// A retry later than this lets the jobs behind it pass. Not beyond the horizon: what holds a key
/// must be in memory.
static constexpr auto longest_hold = Queue::horizon;

static std::size_t index(Lane lane)
{
    return static_cast<std::size_t>(lane);
}

std::string Queue::key_of(Entry const& entry)
{
    // A job without a key is alone with one of its own.
    return entry.order_key.empty() ? "#" + std::to_string(entry.position) : entry.order_key;
}

bool Queue::add(WorkspaceId const& workspace, Entry const& entry, Timestamp now)
{
    auto& tenant = tenants_[workspace];
    // Its end knows better what became of it than a row read while it ran.
    if (auto const found = tenant.in_hand.find(entry.id); found != tenant.in_hand.end()) {
        found->second.again = entry;
        return true;
    }
    auto const taken = tenant.known.contains(entry.id) || place(workspace, tenant, entry, now);
    forget_if_unused(workspace);
    return taken;
}

bool Queue::place(WorkspaceId const& workspace, Tenant& tenant, Entry entry, Timestamp now)
{
    if (entry.run_at <= now) {
        line_up(workspace, tenant, std::move(entry));
        return true;
    }
    auto& state = tenant.lanes[index(entry.lane)];
    auto const holds = entry.state == State::retrying && entry.run_at <= now + longest_hold;
    auto const crowded = entry.state == State::queued && state.later >= most_later;
    if (entry.run_at > now + horizon || crowded)
        return false;
    if (holds)
        ++state.keys[key_of(entry)].holds;
    ++state.later;
    ++held_;
    tenant.known.insert(entry.id);
    due_.insert({entry.run_at, workspace, entry.position, std::move(entry), holds});
    return true;
}

void Queue::promote(Timestamp now)
{
    while (!due_.empty() && due_.begin()->at <= now) {
        auto due = std::move(due_.extract(due_.begin()).value());
        auto& tenant = tenants_.at(due.workspace);
        auto& state = tenant.lanes[index(due.entry.lane)];
        if (due.holds_key)
            --state.keys.at(key_of(due.entry)).holds;
        --state.later;
        --held_;
        line_up(due.workspace, tenant, std::move(due.entry));
    }
}

void Queue::line_up(WorkspaceId const& workspace, Tenant& tenant, Entry entry)
{
    auto const lane = index(entry.lane);
    auto const name = key_of(entry);
    auto& key = tenant.lanes[lane].keys[name];
    ++tenant.lanes[lane].waiting;
    ++held_;
    tenant.known.insert(entry.id);
    auto const [place, is_new] = key.line.emplace(entry.position, std::move(entry));
    HERMOD_CHECK(is_new);
    offer(workspace, tenant, lane, name, key);
}

void Queue::offer(WorkspaceId const& workspace, Tenant& tenant, std::size_t lane,
    std::string const& name, Key& key)
{
    if (key.offered || !key.idle() || key.line.empty())
        return;
    auto& state = tenant.lanes[lane];
    key.offered = true;
    state.ready.push_back(name);
    if (!std::exchange(state.in_rotation, true))
        rotation_[lane].push_back(workspace);
}

std::optional<Queue::Pick> Queue::next()
{
    auto const places = limits_.of_lanes();
    for (std::size_t lane = 0; lane < rotation_.size(); ++lane)
        if (running_[lane] < places[lane])
            if (auto pick = next_of(lane))
                return pick;
    return std::nullopt;
}

/// The most urgent lane is not held back by the workspace's own slower work.
bool Queue::has_place(Tenant const& tenant, std::size_t lane) const
{
    return tenant.lanes[lane].running < limits_.of_workspace()[lane]
        && (lane == 0 || tenant.running < limits_.per_workspace);
}

std::optional<Queue::Pick> Queue::next_of(std::size_t lane)
{
    auto& rotation = rotation_[lane];
    for (auto turns = rotation.size(); turns > 0; --turns) {
        auto const workspace = rotation.front();
        rotation.pop_front();
        auto& tenant = tenants_.at(workspace);
        auto& state = tenant.lanes[lane];
        auto entry = has_place(tenant, lane) ? take_next(tenant, state) : std::nullopt;
        state.in_rotation = !state.ready.empty();
        if (state.in_rotation)
            rotation.push_back(workspace);
        if (!entry)
            continue;
        ++running_[lane];
        return Pick{workspace, *std::move(entry)};
    }
    return std::nullopt;
}

std::optional<Entry> Queue::take_next(Tenant& tenant, LaneState& state)
{
    while (!state.ready.empty()) {
        auto& key = state.keys.at(state.ready.front());
        state.ready.pop_front();
        key.offered = false;
        if (!key.idle())
            continue; // a retry took it meanwhile, and its end offers it again
        auto entry = std::move(key.line.extract(key.line.begin()).mapped());
        key.in_hand = true;
        --state.waiting;
        ++state.running;
        ++tenant.running;
        tenant.known.erase(entry.id);
        tenant.in_hand.emplace(entry.id, InHand{});
        return entry;
    }
    return std::nullopt;
}

std::optional<Entry> Queue::end(Pick const& pick, std::optional<Ended> const& ended, Timestamp now)
{
    auto const lane = index(pick.entry.lane);
    auto& tenant = tenants_.at(pick.workspace);
    auto& state = tenant.lanes[lane];
    auto const node = tenant.in_hand.extract(pick.entry.id);
    HERMOD_CHECK(!node.empty());
    auto const& in_hand = node.mapped();
    --tenant.running;
    --state.running;
    --running_[lane];
    --held_;
    auto const name = key_of(pick.entry);
    state.keys.at(name).in_hand = false;

    auto open = in_hand.again;
    if (ended && ended->state != State::done && ended->state != State::dead) {
        // Written under a good claim: newer than what was read meanwhile. Of a workspace that was
        // lost it is another node's to do.
        open = pick.entry;
        open->state = ended->state;
        open->run_at = ended->run_at;
        if (in_hand.again) // another node may have claimed it in between
            open->claims = std::max(open->claims, in_hand.again->claims);
        else if (in_hand.dropped)
            open.reset();
    } else if (ended && open && open->position == pick.entry.position) {
        open.reset(); // read before it ended; revived it would have another position
    }
    if (open && place(pick.workspace, tenant, *open, now))
        open.reset();
    if (auto const key = state.keys.find(name); key->second.unused())
        state.keys.erase(key);
    else
        offer(pick.workspace, tenant, lane, name, key->second);
    forget_if_unused(pick.workspace);
    return open;
}

void Queue::forget_if_unused(WorkspaceId const& workspace)
{
    auto const found = tenants_.find(workspace);
    if (found != tenants_.end() && found->second.known.empty() && found->second.in_hand.empty())
        tenants_.erase(found);
}

void Queue::drop(WorkspaceId const& workspace)
{
    auto const found = tenants_.find(workspace);
    if (found == tenants_.end())
        return;
    std::erase_if(due_, [&](Due const& due) { return due.workspace == workspace; });
    for (auto& rotation : rotation_)
        std::erase(rotation, workspace);
    auto& tenant = found->second;
    held_ -= tenant.known.size();
    tenant.known.clear();
    for (auto& [id, in_hand] : tenant.in_hand)
        in_hand = {.dropped = true, .again = {}};
    for (auto& state : tenant.lanes) {
        // What is in hand keeps its key.
        std::erase_if(state.keys, [](auto const& entry) { return !entry.second.in_hand; });
        for (auto& [name, key] : state.keys)
            key = {.line = {}, .in_hand = true};
        state.ready.clear();
        state.waiting = 0;
        state.later = 0;
        state.in_rotation = false;
    }
    forget_if_unused(workspace);
}

std::optional<Timestamp> Queue::next_due() const
{
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->at};
}

std::size_t Queue::waiting(WorkspaceId const& workspace, Lane lane) const
{
    auto const found = tenants_.find(workspace);
    return found == tenants_.end() ? 0 : found->second.lanes[index(lane)].waiting;
}

std::size_t Queue::later(WorkspaceId const& workspace, Lane lane) const
{
    auto const found = tenants_.find(workspace);
    return found == tenants_.end() ? 0 : found->second.lanes[index(lane)].later;
}

void Queue::check_lane(WorkspaceId const& workspace, LaneState const& state, std::size_t lane) const
{
    std::size_t waiting = 0;
    std::size_t offered = 0;
    int in_hand = 0;
    for (auto const& [name, key] : state.keys) {
        HERMOD_CHECK(!key.unused());
        HERMOD_CHECK(key.offered || !key.idle() || key.line.empty());
        HERMOD_CHECK(!key.offered || !key.line.empty());
        HERMOD_CHECK(std::ranges::count(state.ready, name) == (key.offered ? 1 : 0));
        waiting += key.line.size();
        offered += key.offered ? 1U : 0U;
        in_hand += key.in_hand ? 1 : 0;
    }
    HERMOD_CHECK(waiting == state.waiting);
    HERMOD_CHECK(offered == state.ready.size());
    HERMOD_CHECK(in_hand == state.running);
    HERMOD_CHECK(state.in_rotation == !state.ready.empty());
    HERMOD_CHECK(std::ranges::count(rotation_[lane], workspace) == (state.in_rotation ? 1 : 0));
}

void Queue::check_rules() const
{
    std::size_t held = 0;
    std::size_t later = 0;
    for (auto const& [workspace, tenant] : tenants_) {
        std::size_t known = 0;
        int running = 0;
        for (std::size_t lane = 0; lane < tenant.lanes.size(); ++lane) {
            auto const& state = tenant.lanes[lane];
            check_lane(workspace, state, lane);
            known += state.waiting + state.later;
            later += state.later;
            running += state.running;
        }
        HERMOD_CHECK(known == tenant.known.size());
        HERMOD_CHECK(running == tenant.running);
        HERMOD_CHECK(static_cast<std::size_t>(running) == tenant.in_hand.size());
        HERMOD_CHECK(known + tenant.in_hand.size() > 0);
        held += known + tenant.in_hand.size();
    }
    HERMOD_CHECK(later == due_.size());
    HERMOD_CHECK(held == held_);
}

}
