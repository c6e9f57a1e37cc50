#pragma once

#include "base/task.hpp"

namespace hermod {

/// Waits that long by the steady clock: a loop that renews or looks every few seconds does so also
/// when wall time is set back.
Task<void> sleep_for(Clock& clock, microseconds interval);

}
