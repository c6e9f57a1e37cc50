#pragma once

#include "base/reflect.hpp"

#include <algorithm>
#include <array>

namespace hermod::jobs {

/// How many jobs run at once in this process: the operator's two numbers, and what follows from
/// them for each lane (otp, conversation, campaign). What is less urgent gets fewer places, so that
/// a lane never waits for the one below it.
struct Limits {
    int concurrency = 256;
    int per_workspace = 32; ///< a one-time password does not count against it

    std::array<int, 3> of_lanes() const
    {
        return {
            concurrency, std::max(1, concurrency - concurrency / 8), std::max(1, concurrency / 2)};
    }
    std::array<int, 3> of_workspace() const
    {
        return {concurrency, per_workspace, std::max(1, per_workspace / 2)};
    }
};
BOOST_DESCRIBE_STRUCT(Limits, (), (concurrency, per_workspace))

}
