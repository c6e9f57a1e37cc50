#include "base/errors.hpp"
#include "events/routes.hpp"

namespace hermod::events {

static Event to_event(Log const& log, Line const& line)
{
    return {log.cursor(line.log_offset), line.log_offset, line.id, line.type, line.conversation_id,
        line.created_at, {line.data}};
}

/// The lines of `lines` that the caller may see, decided under today's rights.
static Task<Log::Lines> visible(Deps& deps, Caller const& caller, Log::Lines lines)
{
    if (lines.empty())
        co_return lines;
    if (!deps.audience.needs_membership(caller)) {
        std::erase_if(
            lines, [&](auto const& line) { return !deps.audience.sees_type(caller, line->type); });
        co_return lines;
    }
    co_return co_await deps.db.read(caller.workspace, [&](db::Tx const& tx) {
        auto seen = lines;
        std::erase_if(
            seen, [&](auto const& line) { return !deps.audience.sees(tx, caller, *line); });
        return seen;
    });
}

static Task<std::int64_t> starting_offset(
    Deps& deps, Caller const& caller, std::optional<std::string> const& after)
{
    if (after && *after != "start")
        co_return deps.log.offset_of(*after);
    auto const extent = co_await deps.log.extent(caller.workspace);
    co_return after ? extent.floor : extent.head;
}

Task<EventList> list_events(Deps& deps, Caller const& caller, ListEvents const& query)
{
    auto const deadline = deps.clock.steady() + std::chrono::seconds{query.wait.value};
    auto offset = co_await starting_offset(deps, caller, query.after);
    for (;;) {
        auto const from = offset;
        auto const lines = co_await deps.log.read(caller.workspace, offset, query.limit.value);
        if (!lines.empty())
            offset = lines.back()->log_offset;
        auto const seen = co_await visible(deps, caller, lines);
        // Who lost rights while waiting is let go with nothing; the next request is told why.
        if (deps.revocations && deps.revocations->has_changed(caller))
            co_return EventList{{}, deps.log.cursor(from)};
        auto const over = deps.log.draining() || deps.clock.steady() >= deadline;
        if (!seen.empty() || over) {
            EventList list{{}, deps.log.cursor(offset)};
            for (auto const& line : seen)
                list.data.push_back(to_event(deps.log, *line));
            co_return list;
        }
        if (lines.empty())
            co_await deps.log.wait_beyond(caller.workspace, offset, deadline);
    }
}

}
