#include "base/errors.hpp"
#include "events/counters.hpp"
#include "events/events.hpp"

#include <array>

namespace hermod::events {

void open_log(db::Tx& tx)
{
    tx.run("INSERT INTO workspace_counters (workspace_id, event_offset, event_floor, job_position)"
           " VALUES ($1, 0, 0, 0)");
    std::array<std::int64_t, 3> const zero{};
    tx.insert_hot(counters, tx.workspace().bytes(), zero);
}

std::int64_t next_counter(db::Tx& tx, int column)
{
    auto* const row = tx.find_hot(counters, tx.workspace().bytes());
    if (!row)
        throw Problem{Errc::workspace_not_found};
    auto const next = (*row)[column] + 1;
    row->set(column, next);
    return next;
}

std::int64_t append_json(
    db::Tx& tx, std::string_view type, std::string_view data, About const& about)
{
    auto const offset = next_counter(tx, event_offset);
    tx.run(R"sql(
        INSERT INTO events
            (workspace_id, log_offset, id, type, conversation_id, person_id, reach, data, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))sql",
        offset, EventId::make(tx.now()), type, about.conversation, about.person,
        about.reach == Reach::everybody ? std::nullopt : std::optional{about.reach}, data,
        tx.now());
    tx.wake(db::Wake::log);
    return offset;
}

}
