#pragma once

#include "base/ids.hpp"
#include "jobs/jobs.hpp"

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

/// An open job in the scheduler's memory.
struct Entry {
    std::int64_t position = 0;
    JobId id;
    Lane lane = Lane::conversation;
    std::string order_key;
    State state = State::queued;
    Timestamp run_at;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (position, id, lane, order_key, state, run_at))

/// How many jobs run at once. A lane's limit leaves room for the lanes above it.
struct Limits {
    std::array<int, 3> per_lane{256, 224, 128}; ///< otp, conversation, campaign
    int per_workspace = 96;
};

/// The order of work, in memory and without a clock or a database of its own: which job runs next.
/// Lanes go by urgency, workspaces in a lane take turns, jobs of one order key go one after the
/// other by position. A retry holds its key for at most 60 s, so that one bad recipient does not
/// stop a conversation for hours.
class Queue {
public:
    explicit Queue(Limits limits = {}) : limits_(limits) { }

    struct Pick {
        WorkspaceId workspace;
        Entry entry;
    };

    /// Takes a job up; one that is known already is ignored.
    void add(WorkspaceId const& workspace, Entry entry, Timestamp now);
    /// Moves what is due to where it can be picked.
    void promote(Timestamp now);
    /// The next job to run, marked running; nothing where none may run now.
    std::optional<Pick> next();
    /// A picked job has ended: as `ended` says, or, where nothing is known, to be forgotten.
    void end(Pick const& pick, std::optional<Ended> const& ended, Timestamp now);
    /// Forgets a workspace's waiting jobs: its shard went to another node.
    void drop(WorkspaceId const& workspace);

    std::optional<Timestamp> next_due() const;
    std::size_t held(WorkspaceId const& workspace, Lane lane) const;
    std::size_t held() const;
    int running() const { return running_[0] + running_[1] + running_[2]; }

private:
    struct Key {
        std::map<std::int64_t, Entry> waiting; ///< due, by position
        bool busy = false; ///< one runs, or a retry holds the key
    };
    struct LaneState {
        std::unordered_map<std::string, Key> keys;
        std::deque<std::string> ready; ///< keys that have work and are not busy
        std::size_t held = 0;
        bool in_rotation = false;
    };
    struct Tenant {
        std::array<LaneState, 3> lanes;
        std::unordered_set<JobId> known;
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
    void make_ready(WorkspaceId const& workspace, Tenant& tenant, Entry entry, bool held_key);
    void offer(WorkspaceId const& workspace, Tenant& tenant, std::size_t lane, std::string key);
    void forget(Tenant& tenant, Entry const& entry);
    std::optional<Pick> next_of(std::size_t lane);

    Limits limits_;
    std::unordered_map<WorkspaceId, Tenant> tenants_;
    std::array<std::deque<WorkspaceId>, 3> rotation_;
    std::set<Due> due_;
    std::array<int, 3> running_{};
};

}
