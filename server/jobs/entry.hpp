#pragma once

#include "base/ids.hpp"
#include "jobs/jobs.hpp"

#include <cstdint>
#include <string>

namespace hermod::jobs {

/// An open job in the scheduler's memory.
struct Entry {
    std::int64_t position = 0;
    JobId id;
    Lane lane = Lane::conversation;
    std::string order_key;
    State state = State::queued;
    Timestamp run_at;
    std::int64_t claims = 0;
};
BOOST_DESCRIBE_STRUCT(Entry, (), (position, id, lane, order_key, state, run_at, claims))

}
