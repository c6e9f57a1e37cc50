#pragma once

#include "base/codec.hpp"
#include "base/task.hpp"
#include "db/database.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermod::jobs {

/// Urgency: a lane never waits for the one below it, which leaves it places.
enum class Lane { otp, conversation, campaign };
BOOST_DESCRIBE_ENUM(Lane, otp, conversation, campaign)

enum class State { queued, sending, retrying, done, dead, outcome_unknown };
BOOST_DESCRIBE_ENUM(State, queued, sending, retrying, done, dead, outcome_unknown)

/// The last error of a job, as its GET shows it.
struct JobError {
    std::string code;
    std::string reason;
    bool retryable = false;
};
BOOST_DESCRIBE_STRUCT(JobError, (), (code, reason, retryable))

/// Durable work, as GET /jobs shows it.
struct Job {
    JobId id;
    std::string kind;
    Lane lane = Lane::conversation;
    State state = State::queued;
    std::int64_t attempts = 0;
    Timestamp run_at;
    std::optional<JobError> error;
    std::optional<MessageId> message_id;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(
    Job, (), (id, kind, lane, state, attempts, run_at, error, message_id, created_at))

/// Of the dead ones.
struct DeadFilter {
    std::optional<std::string> kind{};
    std::optional<std::string> code{}; ///< of the last error
    std::optional<Timestamp> created_from{};
    std::optional<Timestamp> created_before{};
};
BOOST_DESCRIBE_STRUCT(DeadFilter, (), (kind, code, created_from, created_before))

struct RetryJobs {
    DeadFilter filter;
};
BOOST_DESCRIBE_STRUCT(RetryJobs, (), (filter))

struct RetriedJobs {
    std::int64_t retried = 0;
    bool has_more = false; ///< ask again
};
BOOST_DESCRIBE_STRUCT(RetriedJobs, (), (retried, has_more))

struct NewJob {
    std::string kind;
    Lane lane = Lane::conversation;
    /// Jobs of one key and lane run one after the other, in the order they were added; empty: free.
    std::string order_key;
    Timestamp run_at;
    std::string payload = "{}"; ///< JSON, for the worker
    std::optional<MessageId> message{};
};

/// Adds a job in the caller's transaction; the scheduler sees it after the commit.
JobId add(db::Tx& tx, NewJob const& job);

/// A job in a worker's hands. `claim` is the token of this claim: a write that ends the job names
/// it, so that a worker whose lease was lost changes nothing.
struct Claimed {
    WorkspaceId workspace;
    JobId id;
    std::string kind;
    Lane lane;
    std::string order_key;
    std::string payload;
    std::optional<MessageId> message;
    std::int64_t attempt; ///< from 1
    std::int64_t claim;
    Timestamp created_at;
    bool recovering; ///< an earlier claim may have done the work
};

/// How a claim ended, for the scheduler.
struct Ended {
    State state;
    Timestamp run_at; ///< when it is due again; of retrying and outcome_unknown
};

/// Thrown by the functions below where the claim is no longer ours: undoes the caller's writes.
struct ClaimLost { };

/// Each ends a claim, in the transaction that writes what the work did.
Ended complete(db::Tx& tx, Claimed const& job);
/// Runs again at `at`; the attempt counts unless `consumed` is false (pace).
Ended retry(
    db::Tx& tx, Claimed const& job, Timestamp at, JobError const& error, bool consumed = true);
/// Gives up: listed, retriable by hand.
Ended bury(db::Tx& tx, Claimed const& job, JobError const& error);
/// It may have happened: looked at again at `at`, by recover().
Ended leave_unknown(db::Tx& tx, Claimed const& job, Timestamp at, JobError const& error);

/// Exponential with full jitter's upper half: 1 s, 5 s, 30 s, 2 min, 10 min, 1 h, then 6 h; ±20 %.
microseconds backoff(std::int64_t attempt);

/// Does the work of one kind.
class Worker {
public:
    virtual ~Worker() = default;
    virtual std::string_view kind() const = 0;
    /// In the transaction that claims the job.
    virtual void claimed(db::Tx&, Claimed const&) { }
    /// Ends the job by one of complete, retry, bury, leave_unknown, in a transaction of its own. An
    /// exception counts as a crash: the job is recovered later.
    virtual Task<Ended> run(Claimed const& job) = 0;
    /// A job found `sending` after a crash, or due again in `outcome_unknown`: it may have
    /// happened.
    virtual Task<Ended> recover(Claimed const& job) = 0;
};

/// Makes a dead job due now; not_retriable in any other state. The attempts start anew.
void revive(db::Tx& tx, JobId const& job);
/// The newest job of that kind of a message, if any.
std::optional<Job> find_by_message(
    db::Tx const& tx, std::string_view kind, MessageId const& message);
/// Removes at most `limit` jobs that were done before `before`. Returns how many.
std::int64_t delete_finished(db::Tx& tx, Timestamp before, std::int64_t limit);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(JobError const*);
FieldTexts field_texts(Job const*);
FieldTexts field_texts(DeadFilter const*);
FieldTexts field_texts(RetryJobs const*);
FieldTexts field_texts(RetriedJobs const*);

}
