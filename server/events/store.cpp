#include "events/store.hpp"

#include "events/counters.hpp"

#include <algorithm>

namespace hermod::events {

std::optional<Extent> find_extent(db::Tx const& tx)
{
    auto const row = tx.one<std::tuple<std::int64_t, std::int64_t>>(R"sql(
        SELECT event_offset, event_floor FROM workspace_counters WHERE workspace_id = $1)sql");
    if (!row)
        return std::nullopt;
    return Extent{std::get<0>(*row), std::get<1>(*row)};
}

std::vector<Line> list_after(db::Tx const& tx, std::int64_t offset, std::int64_t limit)
{
    return tx.all<Line>(R"sql(
        SELECT {columns} FROM events
        WHERE workspace_id = $1 AND log_offset > $2
        ORDER BY log_offset LIMIT $3)sql",
        offset, limit);
}

std::int64_t redact_json(db::Tx& tx, PersonId const& person, std::string_view type,
    std::string_view data, std::int64_t limit)
{
    return tx.run_counted(R"sql(
        UPDATE events SET data = $4
        WHERE workspace_id = $1 AND log_offset IN (
            SELECT log_offset FROM events
            WHERE workspace_id = $1 AND person_id = $2 AND type = $3 AND data <> $4
            LIMIT $5))sql",
        person, type, data, limit);
}

std::optional<std::string> data_at(db::Tx const& tx, std::int64_t offset)
{
    return tx.one<std::string>(
        "SELECT data FROM events WHERE workspace_id = $1 AND log_offset = $2", offset);
}

void rewrite_at(db::Tx& tx, std::int64_t offset, std::string_view data)
{
    tx.run("UPDATE events SET data = $3 WHERE workspace_id = $1 AND log_offset = $2", offset, data);
}

std::int64_t offset_before(db::Tx const& tx, Timestamp time)
{
    // By halves: time rises along the log, and has no index of its own.
    auto const extent = find_extent(tx).value_or(Extent{});
    auto low = extent.floor;
    auto high = extent.head;
    while (low < high) {
        auto const middle = low + (high - low) / 2;
        auto const at = tx.one<Timestamp>(
            "SELECT created_at FROM events WHERE workspace_id = $1 AND log_offset = $2",
            middle + 1);
        if (at && *at < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

std::int64_t delete_older(db::Tx& tx, Timestamp before, std::int64_t keep_from, std::int64_t limit)
{
    auto* const row = tx.find_hot(counters, tx.workspace().bytes());
    if (!row)
        return 0;
    auto const floor = (*row)[event_floor];
    auto const newest = tx.one<std::optional<std::int64_t>>(R"sql(
        SELECT MAX(log_offset) FROM events
        WHERE workspace_id = $1 AND log_offset > $2 AND log_offset <= $3 AND created_at < $4)sql",
        floor, std::min(floor + limit, keep_from - 1), before);
    if (!newest || !*newest)
        return 0;
    tx.run("DELETE FROM events WHERE workspace_id = $1 AND log_offset <= $2", **newest);
    row->set(event_floor, **newest);
    return **newest - floor;
}

}
