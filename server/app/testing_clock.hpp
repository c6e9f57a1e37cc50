#pragma once

#include "base/time.hpp"
#include "net/router.hpp"

namespace hermod::app {

struct ClockDeps {
    Clock& clock;
};

/// `POST /api/v1/testing/clock {advance_ms}`: moves wall time and wakes every timer. There with
/// testing.clock=true alone, which is refused unless the server listens on loopback.
void add_testing_clock(net::Router& router, ClockDeps& deps);

}
