#include "people/merge_worker.hpp"

namespace hermod::people {

/// Each costs a handful of statements and two events, and a λ stays short.
static constexpr std::int64_t moves_per_transaction = 25;

namespace {

struct MergePayload {
    std::int64_t merge = 0;
};
BOOST_DESCRIBE_STRUCT(MergePayload, (), (merge))

/// Returns whether there is nothing left to move.
bool move_step(db::Tx& tx, MergeFollower const& follower, store::MergeRow const& row)
{
    Merge const merge{row.merged_offset, row.survivor_id, row.merged_id};
    auto const moved = row.undone_offset ? follower.go_back(tx, merge, moves_per_transaction)
                                         : follower.follow(tx, merge, moves_per_transaction);
    return moved < moves_per_transaction;
}

}

void move_some(db::Tx& tx, MergeFollower const& follower, store::MergeRow const& merge)
{
    if (move_step(tx, follower, merge))
        return;
    store::update_moving(tx, merge.merged_offset, true);
    jobs::add(tx,
        {.kind = "follow_merge",
            .lane = jobs::Lane::conversation,
            .order_key = "merge:" + merge.survivor_id.str(),
            .run_at = tx.now(),
            .payload = to_json(MergePayload{merge.merged_offset})});
}

Task<jobs::Ended> MergeWorker::run(jobs::Claimed const& job)
{
    auto const offset = read_stored_json<MergePayload>(job.payload).merge;
    for (;;) {
        auto const ended =
            co_await db_.write(job.workspace, [&](db::Tx& tx) -> std::optional<jobs::Ended> {
                auto const merge = store::find_merge(tx, offset);
                if (merge && merge->moving && !move_step(tx, follower_, *merge))
                    return std::nullopt;
                store::update_moving(tx, offset, false);
                return jobs::complete(tx, job);
            });
        if (ended)
            co_return *ended;
    }
}

}
