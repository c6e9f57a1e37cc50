#pragma once

#include "db/hot_rows.hpp"
#include "db/metrics.hpp"
#include "db/postgres/batch_session.hpp"
#include "db/work.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace hermod::db::postgres {

/// What a commit leaves in the database to be known by: the batch of a shard and a process.
struct Mark {
    Uuid node;
    int shard;
    std::int64_t batch;
};

/// Runs batches on a connection, each one transaction. One thread's.
class BatchRunner {
public:
    struct Options {
        microseconds time;
        bool prefetch;
    };
    struct Outcome {
        std::size_t ran = 0; ///< works, from the front, that are committed or failed by themselves
        std::optional<Refusal> refusal{}; ///< none of them took effect
    };

    BatchRunner(Statements& statements, Clock& clock, DbMetrics const& metrics, Options options);

    /// Runs works of one shard, those of a workspace side by side. `alone`: there is one work, and
    /// what is refused is its fault. Throws ConnectionLost; commit_was_sent() then tells whether
    /// the database may have committed.
    Outcome run(Connection& connection, Mark const& mark, std::span<Work* const> works, bool alone);
    bool commit_was_sent() const { return commit_sent_; }
    /// The works, from the front, that were in that commit.
    std::size_t committing() const { return committing_; }

private:
    void scout(std::span<Work* const> works);
    std::size_t run_works(std::span<Work* const> works);
    void run_one(Work& work);
    void write_hot_rows(WorkspaceId const& workspace);
    void commit(Mark const& mark, std::span<Work* const> works);
    Refusal roll_back();

    Clock& clock_;
    DbMetrics metrics_;
    Options const options_;
    BatchTransaction transaction_;
    LiveSession live_{transaction_};
    ScoutSession scout_{transaction_};
    HotRows hot_rows_{live_};
    HotRows scouted_rows_{scout_};
    std::vector<Work*> scouting_;
    Timestamp now_{};
    bool commit_sent_ = false;
    std::size_t committing_ = 0;
};

}
