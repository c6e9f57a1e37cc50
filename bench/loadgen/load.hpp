#pragma once

#include "common/measurement.hpp"
#include "loadgen/scenario.hpp"

namespace hermod::bench {

/// A closed loop: so many clients, each on a connection of its own, send their next message as soon
/// as the last one is accepted. Ends when every request has its answer, at most 10 s after the
/// window.
void run_load(Scenario const& scenario, std::size_t clients, Measurement& measurement);

}
