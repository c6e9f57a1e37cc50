#include "jobs/jobs.hpp"

#include "base/crypto.hpp"
#include "base/errors.hpp"
#include "events/counters.hpp"
#include "jobs/store.hpp"

#include <algorithm>
#include <array>

namespace hermod::jobs {

/// Not the time of adding: that would lie ahead if wall time were set back, and the job would wait
/// while those after it pass.
static constexpr Timestamp due_at_once{};

JobId add(db::Tx& tx, NewJob const& job)
{
    auto const now = tx.now();
    JobRow const row{
        .id = JobId::make(now),
        .position = events::next_counter(tx, events::job_position),
        .kind = job.kind,
        .lane = job.lane,
        .order_key = job.order_key,
        .state = State::queued,
        .run_at = job.run_at > now ? job.run_at : due_at_once,
        .payload = job.payload,
        .message_id = job.message,
        .error = {},
        .created_at = now,
    };
    insert_job(tx, row);
    tx.wake(db::Wake::jobs);
    return row.id;
}

static Ended end(db::Tx& tx, Claimed const& job, State state, std::int64_t attempts,
    Timestamp run_at, std::optional<JobError> const& error)
{
    auto const text = error ? std::optional{to_json(*error)} : std::nullopt;
    if (!update_ended(tx, job, state, attempts, run_at, text))
        throw ClaimLost{};
    return {state, run_at};
}

Ended complete(db::Tx& tx, Claimed const& job)
{
    return end(tx, job, State::done, job.attempt, tx.now(), std::nullopt);
}

Ended retry(db::Tx& tx, Claimed const& job, Timestamp at, JobError const& error, bool consumed)
{
    return end(tx, job, State::retrying, consumed || job.recovering ? job.attempt : job.attempt - 1,
        at, error);
}

Ended bury(db::Tx& tx, Claimed const& job, JobError const& error)
{
    return end(tx, job, State::dead, job.attempt, tx.now(), error);
}

Ended leave_unknown(db::Tx& tx, Claimed const& job, Timestamp at, JobError const& error)
{
    return end(tx, job, State::outcome_unknown, job.attempt, at, error);
}

microseconds backoff(std::int64_t attempt)
{
    using namespace std::chrono_literals;
    static constexpr std::array<seconds, 7> steps{1s, 5s, 30s, 120s, 600s, 3600s, 21600s};
    auto const step =
        steps[static_cast<std::size_t>(std::clamp<std::int64_t>(attempt - 1, 0, steps.size() - 1))];
    std::uint8_t random = 0;
    fill_random({&random, 1});
    return microseconds{step} * (205 + random * 102 / 255) / 256; // 0.8 to 1.2
}

void revive(db::Tx& tx, JobId const& id)
{
    auto const row = find_job(tx, id);
    if (!row)
        throw Problem{Errc::job_not_found};
    if (row->state != State::dead)
        throw Problem{Errc::not_retriable};
    update_revived(tx, id, events::next_counter(tx, events::job_position), due_at_once);
    tx.wake(db::Wake::jobs);
}

std::optional<Job> find_by_message(
    db::Tx const& tx, std::string_view kind, MessageId const& message)
{
    auto const row = find_newest_of(tx, kind, message);
    return row ? std::optional{to_job(*row)} : std::nullopt;
}

}
