#pragma once

#include "db/tx.hpp"

namespace hermod::events {

/// The workspace's counters: one hot row, so that a batch of λs reads and writes it once.
inline constexpr db::HotTable counters{
    .table = "workspace_counters",
    .key = "workspace_id",
    .select = "SELECT event_offset, event_floor, job_position FROM workspace_counters"
              " WHERE workspace_id = $1 AND workspace_id = $2",
    .update = "UPDATE workspace_counters SET event_offset = $3, event_floor = $4, job_position = $5"
              " WHERE workspace_id = $1 AND workspace_id = $2",
    .columns = 3,
};

enum CounterColumn { event_offset, event_floor, job_position };

/// Counts one column up and returns it; 404 where the workspace is gone.
std::int64_t next_counter(db::Tx& tx, int column);

}
