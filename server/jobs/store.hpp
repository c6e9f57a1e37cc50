#pragma once

#include "jobs/jobs.hpp"
#include "jobs/queue.hpp"

#include <vector>

namespace hermod::jobs {

/// A job as stored.
struct JobRow {
    JobId id;
    std::int64_t position = 0;
    std::string kind;
    Lane lane = Lane::conversation;
    std::string order_key;
    State state = State::queued;
    std::int64_t attempts = 0;
    std::int64_t claims = 0;
    Timestamp run_at;
    std::string payload;
    std::optional<MessageId> message_id;
    std::optional<std::string> error;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(JobRow, (),
    (id, position, kind, lane, order_key, state, attempts, claims, run_at, payload, message_id,
        error, created_at))

Job to_job(JobRow const& row);

void insert_job(db::Tx& tx, JobRow const& row);
std::optional<JobRow> find_job(db::Tx const& tx, JobId const& id);
/// Marks the job taken up; its attempt counts.
void update_claimed(db::Tx& tx, JobRow const& row, bool counts);
/// Writes the end of a claim; false where the claim is not the job's newest.
bool update_ended(db::Tx& tx, Claimed const& job, State state, std::int64_t attempts,
    Timestamp run_at, std::optional<std::string> const& error);
/// At a new position: the scheduler finds it as it finds a new job.
void update_revived(db::Tx& tx, JobId const& id, std::int64_t position, Timestamp run_at);
std::optional<JobRow> find_newest_of(
    db::Tx const& tx, std::string_view kind, MessageId const& message);

std::vector<Entry> list_open_after(
    db::Tx const& tx, Lane lane, std::int64_t position, std::int64_t limit);
/// By time, from the one at (`run_at`, `position`) on.
std::vector<Entry> list_due_from(
    db::Tx const& tx, Lane lane, Timestamp run_at, std::int64_t position, std::int64_t limit);

struct JobFilter {
    std::optional<State> state;
    std::optional<std::string> kind;
};
/// Newest first, of those at positions below `before`.
std::vector<JobRow> list_jobs(
    db::Tx const& tx, JobFilter const& filter, std::int64_t before, std::int64_t limit);
/// The oldest dead ones that fit, behind a position.
std::vector<JobRow> list_dead_after(
    db::Tx const& tx, DeadFilter const& filter, std::int64_t after, std::int64_t limit);
/// The same of one message's jobs, which are few.
std::vector<JobRow> list_jobs_of(db::Tx const& tx, MessageId const& message,
    JobFilter const& filter, std::int64_t before, std::int64_t limit);

}
