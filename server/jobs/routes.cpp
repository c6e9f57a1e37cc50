#include "jobs/routes.hpp"

#include "jobs/store.hpp"
#include "net/cursor.hpp"

namespace hermod::jobs {

struct ListJobs {
    std::optional<State> state;
    std::optional<std::string> kind;
    std::optional<MessageId> message_id;
    net::PageLimit limit;
    std::optional<std::string> cursor;
};
BOOST_DESCRIBE_STRUCT(ListJobs, (), (state, kind, message_id, limit, cursor))

static FieldTexts field_texts(ListJobs const*)
{
    static constexpr auto texts = describe<ListJobs>({
        {"state", "Only those in this state: `dead` for what was given up"},
        {"kind", "Only those of this kind"},
        {"message_id", "Only those of this message"},
    });
    return texts;
}

static bool is_shown(Deps const& deps, db::Tx const& tx, Caller const& caller, JobRow const& row)
{
    return !row.message_id || deps.sight.sees(tx, caller, *row.message_id);
}

static JobRow require_job(Deps const& deps, db::Tx const& tx, Caller const& caller, JobId const& id)
{
    auto row = find_job(tx, id);
    if (!row || !is_shown(deps, tx, caller, *row))
        throw Problem{Errc::job_not_found};
    return *std::move(row);
}

/// Under an Idempotency-Key, once.
template <class F>
static Task<net::Reply> answer_once(Deps& deps, Caller const& caller, F const& body)
{
    co_return net::ok(co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        if (caller.idempotency)
            deps.repeats.require_first_use(tx, caller);
        auto answer = body(tx);
        if (caller.idempotency)
            deps.repeats.remember_reply(tx, caller, 200, to_json(answer));
        return answer;
    }));
}

static Task<net::Reply> get_jobs(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& query = request.query_as<ListJobs>();
    std::int64_t before = INT64_MAX;
    if (query.cursor)
        std::tie(before) = net::read_cursor<std::int64_t>(*query.cursor);
    auto const limit = query.limit.value.value;
    co_return net::ok(co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        JobFilter const filter{query.state, query.kind};
        auto const rows = query.message_id
            ? list_jobs_of(tx, *query.message_id, filter, before, limit + 1)
            : list_jobs(tx, filter, before, limit + 1);
        net::Page<Job> page;
        std::int64_t last = 0;
        std::int64_t seen = 0; // a page is shorter by what the caller is not shown
        for (auto const& row : rows) {
            if (seen++ == limit) {
                page.next = net::encode_cursor({std::to_string(last)});
                break;
            }
            last = row.position;
            if (is_shown(deps, tx, caller, row))
                page.data.push_back(to_job(row));
        }
        return page;
    }));
}

static Task<net::Reply> get_job(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const id = request.path_id<JobId>("job_id");
    co_return net::ok(co_await deps.db.read(caller.workspace,
        [&](db::Tx const& tx) { return to_job(require_job(deps, tx, caller, id)); }));
}

static Task<net::Reply> retry_job(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const id = request.path_id<JobId>("job_id");
    co_return co_await answer_once(deps, caller, [&](db::Tx& tx) {
        require_job(deps, tx, caller, id);
        revive(tx, id);
        return to_job(*find_job(tx, id));
    });
}

static Task<net::Reply> retry_jobs(Deps& deps, Caller const& caller, net::Request const& request)
{
    // One transaction, so that it happens as a whole or not at all; who wants more asks again.
    static constexpr std::int64_t at_once = 200;
    static constexpr std::int64_t most_pages = 20; // of what the caller is not shown
    auto const& filter = request.body_as<RetryJobs>().filter;
    co_return co_await answer_once(deps, caller, [&](db::Tx& tx) {
        RetriedJobs result;
        std::int64_t after = -1;
        auto full = true;
        for (auto page = 0; full && !result.has_more && page < most_pages; ++page) {
            auto const dead = list_dead_after(tx, filter, after, at_once);
            full = dead.size() == static_cast<std::size_t>(at_once);
            for (auto const& row : dead) {
                after = row.position;
                if (!is_shown(deps, tx, caller, row))
                    continue;
                revive(tx, row.id);
                result.has_more = ++result.retried == at_once;
                if (result.has_more)
                    break;
            }
        }
        return result;
    });
}

void add_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes routes{router, deps, "jobs"};
    routes.get<net::Page<Job>>("/api/v1/jobs", get_jobs)
        .query<ListJobs>()
        .scope("jobs:read")
        .summary("List jobs, newest first")
        .describe("`message_id` tells why a message still waits, or why it failed.")
        .fails_with({Errc::invalid_cursor});
    routes.get<Job>("/api/v1/jobs/{job_id}", get_job)
        .scope("jobs:read")
        .summary("Get a job")
        .fails_with({Errc::job_not_found});
    routes.post<net::Nothing, Job>("/api/v1/jobs/{job_id}/retry", retry_job)
        .scope("jobs:write")
        .status(200)
        .summary("Run a dead job again")
        .fails_with({Errc::job_not_found, Errc::not_retriable});
    routes.post<RetryJobs, RetriedJobs>("/api/v1/jobs/retry", retry_jobs)
        .scope("jobs:write")
        .status(200)
        .summary("Run dead jobs again")
        .describe(
            "At most 200 at a time, the oldest first; while the answer `has_more`, ask again.");
}

}
