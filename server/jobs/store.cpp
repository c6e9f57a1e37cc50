#include "jobs/store.hpp"

#include <algorithm>

namespace hermod::jobs {

Job to_job(JobRow const& row)
{
    std::optional<JobError> error;
    if (row.error)
        error = read_stored_json<JobError>(*row.error);
    // What is due at once has no time of its own.
    return {row.id, row.kind, row.lane, row.state, row.attempts,
        std::max(row.run_at, row.created_at), error, row.message_id, row.created_at};
}

void insert_job(db::Tx& tx, JobRow const& row)
{
    tx.run(R"sql(
        INSERT INTO jobs (workspace_id, position, id, kind, lane, order_key, state, attempts,
            claims, run_at, payload, message_id, error, created_at, finished_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, $8, $9, $10, NULL, $11, NULL))sql",
        row.position, row.id, row.kind, row.lane, row.order_key, row.state, row.run_at, row.payload,
        row.message_id, row.created_at);
}

std::optional<JobRow> find_job(db::Tx const& tx, JobId const& id)
{
    return tx.one<JobRow>("SELECT {columns} FROM jobs WHERE workspace_id = $1 AND id = $2", id);
}

void update_claimed(db::Tx& tx, JobRow const& row, bool counts)
{
    tx.run(R"sql(
        UPDATE jobs SET state = 'sending', claims = $3, attempts = $4
        WHERE workspace_id = $1 AND position = $2)sql",
        row.position, row.claims + 1, row.attempts + (counts ? 1 : 0));
}

bool update_ended(db::Tx& tx, Claimed const& job, State state, std::int64_t attempts,
    Timestamp run_at, std::optional<std::string> const& error)
{
    auto const finished = state == State::done || state == State::dead;
    return tx.run_counted(R"sql(
        UPDATE jobs SET state = $4, attempts = $5, run_at = $6, error = $7, finished_at = $8
        WHERE workspace_id = $1 AND id = $2 AND claims = $3 AND state = 'sending')sql",
               job.id, job.claim, state, attempts, run_at, error,
               finished ? std::optional{tx.now()} : std::nullopt)
        == 1;
}

void update_revived(db::Tx& tx, JobId const& id, std::int64_t position, Timestamp run_at)
{
    tx.run(R"sql(
        UPDATE jobs
        SET state = 'queued', attempts = 0, run_at = $3, finished_at = NULL, position = $4
        WHERE workspace_id = $1 AND id = $2)sql",
        id, run_at, position);
}

std::optional<JobRow> find_newest_of(
    db::Tx const& tx, std::string_view kind, MessageId const& message)
{
    return tx.one<JobRow>(R"sql(
        SELECT {columns} FROM jobs WHERE workspace_id = $1 AND message_id = $2 AND kind = $3
        ORDER BY position DESC LIMIT 1)sql",
        message, kind);
}

std::vector<Entry> list_open_after(
    db::Tx const& tx, Lane lane, std::int64_t position, std::int64_t limit)
{
    return tx.all<Entry>(R"sql(
        SELECT {columns} FROM jobs
        WHERE workspace_id = $1 AND lane = $2 AND position > $3
          AND state IN ('queued', 'sending', 'retrying', 'outcome_unknown')
        ORDER BY position LIMIT $4)sql",
        lane, position, limit);
}

std::vector<Entry> list_due_from(
    db::Tx const& tx, Lane lane, Timestamp run_at, std::int64_t position, std::int64_t limit)
{
    return tx.all<Entry>(R"sql(
        SELECT {columns} FROM jobs
        WHERE workspace_id = $1 AND lane = $2 AND (run_at, position) >= ($3, $4)
          AND state IN ('queued', 'retrying', 'outcome_unknown')
        ORDER BY run_at, position LIMIT $5)sql",
        lane, run_at, position, limit);
}

std::int64_t delete_finished(db::Tx& tx, Timestamp before, std::int64_t limit)
{
    return tx.run_counted(R"sql(
        DELETE FROM jobs WHERE workspace_id = $1 AND position IN (
            SELECT position FROM jobs
            WHERE workspace_id = $1 AND finished_at < $2 AND state = 'done' LIMIT $3))sql",
        before, limit);
}

/// What was given up has an index of its own: it is little among much.
static std::vector<JobRow> list_dead(db::Tx const& tx, std::optional<std::string> const& kind,
    std::int64_t before, std::int64_t limit)
{
    return tx.all<JobRow>(R"sql(
        SELECT {columns} FROM jobs
        WHERE workspace_id = $1 AND state = 'dead' AND position < $2 AND ($3 IS NULL OR kind = $3)
        ORDER BY position DESC LIMIT $4)sql",
        before, kind, limit);
}

std::vector<JobRow> list_jobs(
    db::Tx const& tx, JobFilter const& filter, std::int64_t before, std::int64_t limit)
{
    if (filter.state == State::dead)
        return list_dead(tx, filter.kind, before, limit);
    return tx.all<JobRow>(R"sql(
        SELECT {columns} FROM jobs
        WHERE workspace_id = $1 AND position < $2 AND ($3 IS NULL OR state = $3)
          AND ($4 IS NULL OR kind = $4)
        ORDER BY position DESC LIMIT $5)sql",
        before, filter.state, filter.kind, limit);
}

std::vector<JobRow> list_dead_after(
    db::Tx const& tx, DeadFilter const& filter, std::int64_t after, std::int64_t limit)
{
    // The code comes first in the stored error.
    auto const error = filter.code ? std::optional{"{\"code\":\"" + *filter.code + "\","}
                                   : std::optional<std::string>{};
    return tx.all<JobRow>(R"sql(
        SELECT {columns} FROM jobs
        WHERE workspace_id = $1 AND state = 'dead' AND position > $2
          AND ($3 IS NULL OR kind = $3) AND created_at >= $4 AND created_at < $5
          AND ($6 IS NULL OR substr(error, 1, CAST($7 AS INTEGER)) = $6)
        ORDER BY position LIMIT $8)sql",
        after, filter.kind, filter.created_from.value_or(Timestamp{0}),
        filter.created_before.value_or(Timestamp{INT64_MAX}), error,
        static_cast<std::int64_t>(error ? error->size() : 0), limit);
}

std::vector<JobRow> list_jobs_of(db::Tx const& tx, MessageId const& message,
    JobFilter const& filter, std::int64_t before, std::int64_t limit)
{
    return tx.all<JobRow>(R"sql(
        SELECT {columns} FROM jobs
        WHERE workspace_id = $1 AND message_id = $2 AND position < $3
          AND ($4 IS NULL OR state = $4) AND ($5 IS NULL OR kind = $5)
        ORDER BY position DESC LIMIT $6)sql",
        message, before, filter.state, filter.kind, limit);
}

}
