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

static Task<net::Reply> get_jobs(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& query = request.query_as<ListJobs>();
    std::int64_t before = INT64_MAX;
    if (query.cursor)
        std::tie(before) = net::read_cursor<std::int64_t>(*query.cursor);
    auto const limit = query.limit.value.value;
    auto const rows = co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        JobFilter const filter{query.state, query.kind};
        return query.message_id ? list_jobs_of(tx, *query.message_id, filter, before, limit + 1)
                                : list_jobs(tx, filter, before, limit + 1);
    });
    net::Page<Job> page;
    for (auto const& row : rows) {
        if (static_cast<std::int64_t>(page.data.size()) == limit) {
            page.next = net::encode_cursor({std::to_string(rows[page.data.size() - 1].position)});
            break;
        }
        page.data.push_back(to_job(row));
    }
    co_return net::ok(page);
}

static Task<net::Reply> get_job(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const id = request.path_id<JobId>("job_id");
    co_return net::ok(co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        auto const row = find_job(tx, id);
        if (!row)
            throw Problem{Errc::job_not_found};
        return to_job(*row);
    }));
}

static Task<net::Reply> retry_job(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const id = request.path_id<JobId>("job_id");
    co_return net::ok(co_await deps.db.write(caller.workspace, [&](db::Tx& tx) {
        if (caller.idempotency)
            deps.repeats.require_first_use(tx, caller);
        revive(tx, id);
        auto job = to_job(*find_job(tx, id));
        if (caller.idempotency)
            deps.repeats.remember_reply(tx, caller, 200, to_json(job));
        return job;
    }));
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
}

}
