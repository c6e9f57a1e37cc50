#pragma once

#include "jobs/entry.hpp"
#include "jobs/limits.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace hermod::jobs {

/// The order of work, in memory and without a clock or a database of its own: which job runs next.
/// Lanes go by urgency, workspaces in a lane take turns, jobs of one order key go one after the
/// other by position. A retry holds its key for at most 60 s, so that one bad recipient does not
/// stop a conversation for hours.
///
/// A job is unknown here, *later* (its time is to come), *waiting* (due, in line in its key) or in
/// *hand* (picked and not ended). Always:
/// 1. A job is in one of these places, and in that one once.
/// 2. A key (workspace, lane, order key) has at most one job in hand; of those in line the lowest
///    position goes next. It is idle while none is in hand and no retry holds it.
/// 3. An idle key with jobs in line is in its lane's `ready`, once; a lane with ready keys is in
///    the rotation, once. So whatever waits is offered when there is a place for it.
/// 4. What is in hand stays known until it ends, through any `drop` and `add` between: a workspace
///    that is lost and regained neither starts a job twice nor runs two of one key.
class Queue {
public:
    /// What is due later than this from now is not taken, so that memory is not full of it.
    static constexpr auto horizon = std::chrono::seconds{60};
    /// Of one workspace and lane, how many new jobs that are not due yet are taken.
    static constexpr std::size_t most_later = 1000;

    explicit Queue(Limits limits = {}) : limits_(limits) { }

    struct Pick {
        WorkspaceId workspace;
        Entry entry;
    };

    /// Takes a job up; one that is known already stays as it is. False where it is not taken: it
    /// is due too late, and is to be added again when its time has come near.
    bool add(WorkspaceId const& workspace, Entry const& entry, Timestamp now);
    /// Moves what is due to where it can be picked.
    void promote(Timestamp now);
    /// The next job to run, now in hand; nothing where none may run now.
    std::optional<Pick> next();
    /// A job in hand has ended: as `ended` says, or, where nothing is known, to be forgotten.
    /// Gives it back where it is open and not taken, as with `add`.
    std::optional<Entry> end(Pick const& pick, std::optional<Ended> const& ended, Timestamp now);
    /// Forgets what a workspace has later and waiting: its shard went to another node. What is in
    /// hand ends by itself, and is not taken up again unless it was added again meanwhile.
    void drop(WorkspaceId const& workspace);

    std::optional<Timestamp> next_due() const;
    std::size_t waiting(WorkspaceId const& workspace, Lane lane) const;
    std::size_t later(WorkspaceId const& workspace, Lane lane) const;
    std::size_t held() const { return held_; }
    int running() const { return running_[0] + running_[1] + running_[2]; }

    /// Aborts where one of the rules above is broken; for tests.
    void check_rules() const;

private:
    struct Key {
        std::map<std::int64_t, Entry> line; ///< due, by position
        bool in_hand = false;
        int holds = 0; ///< retries to come that keep it
        bool offered = false; ///< is in `ready`
        bool idle() const { return !in_hand && holds == 0; }
        bool unused() const { return idle() && line.empty(); }
    };
    struct LaneState {
        std::unordered_map<std::string, Key> keys;
        std::deque<std::string> ready; ///< keys to look at; one that is busy by then is passed over
        std::size_t waiting = 0;
        std::size_t later = 0;
        int running = 0;
        bool in_rotation = false;
    };
    struct InHand {
        bool dropped = false; ///< the workspace was lost meanwhile
        std::optional<Entry> again; ///< what was added of it meanwhile
    };
    struct Tenant {
        std::array<LaneState, 3> lanes;
        std::unordered_set<JobId> known; ///< later and waiting
        std::unordered_map<JobId, InHand> in_hand;
        int running = 0;
    };
    struct Due {
        Timestamp at;
        WorkspaceId workspace;
        std::int64_t position;
        Entry entry;
        bool holds_key;
        auto operator<=>(Due const& other) const
        {
            return std::tie(at, workspace, position)
                <=> std::tie(other.at, other.workspace, other.position);
        }
        bool operator==(Due const& other) const { return (*this <=> other) == 0; }
    };

    static std::string key_of(Entry const& entry);
    bool place(WorkspaceId const& workspace, Tenant& tenant, Entry entry, Timestamp now);
    void line_up(WorkspaceId const& workspace, Tenant& tenant, Entry entry);
    void offer(WorkspaceId const& workspace, Tenant& tenant, std::size_t lane,
        std::string const& name, Key& key);
    bool has_place(Tenant const& tenant, std::size_t lane) const;
    std::optional<Pick> next_of(std::size_t lane);
    std::optional<Entry> take_next(Tenant& tenant, LaneState& state);
    void forget_if_unused(WorkspaceId const& workspace);
    void check_lane(WorkspaceId const& workspace, LaneState const& state, std::size_t lane) const;

    Limits limits_;
    std::unordered_map<WorkspaceId, Tenant> tenants_;
    std::array<std::deque<WorkspaceId>, 3> rotation_;
    std::set<Due> due_;
    std::array<int, 3> running_{};
    std::size_t held_ = 0; ///< later, waiting and in hand
};

}
