#pragma once

#include "base/task.hpp"
#include "db/database.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace hermod::jobs {

/// Who takes over a shard and gives it up.
class ShardHolder {
public:
    virtual ~ShardHolder() = default;
    virtual void gain(std::vector<int> const& shards) = 0;
    virtual void lose(std::vector<int> const& shards) = 0;
    /// Work of the shard that is still under way here.
    virtual int under_way(int shard) const = 0;
};

/// Which shards' jobs and deliveries run in this process. On SQLite all, for ever. On PostgreSQL
/// the nodes share them by leases of 15 s, renewed every 3 s by the database's clock: each takes
/// what is free up to its share, and gives up what is over it once nothing of it is under way. A
/// holder that could not renew for 10 s of its own steady clock stops working before another can
/// begin.
class ShardLeases {
public:
    ShardLeases(db::Database& db, Clock& clock, ShardHolder& holder);

    /// Until it is cancelled.
    Task<void> run();
    /// One renewal; run's loop, and tests.
    Task<void> renew();
    /// At shutdown, when nothing is under way: others take over at once.
    Task<void> release();

    std::set<int> const& held() const { return held_; }

private:
    struct Terms {
        std::set<int> held;
        std::size_t share = db::shard_count;
    };

    Terms take(db::GlobalTx& tx, std::set<int> const& give_up) const;
    void give_up_all();

    db::Database& db_;
    Clock& clock_;
    ShardHolder& holder_;
    std::string node_; ///< names this process in the table
    std::set<int> held_; ///< leased; the holder works on those not in leaving_
    std::set<int> leaving_; ///< over the share: given up when nothing is under way
    Clock::Steady renewed_at_{};
};

}
