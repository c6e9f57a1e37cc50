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
    int per_workspace = 32; ///< one-time passwords have places of their own beside it

    std::array<int, 3> of_lanes() const
    {
        return {
            concurrency, std::max(1, concurrency - concurrency / 8), std::max(1, concurrency / 2)};
    }
    /// One workspace's flood of one-time passwords leaves half of the places to the others'.
    std::array<int, 3> of_workspace() const
    {
        return {std::max(1, concurrency / 2), per_workspace, std::max(1, per_workspace / 2)};
    }
};
BOOST_DESCRIBE_STRUCT(Limits, (), (concurrency, per_workspace))

}
