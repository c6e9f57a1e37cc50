#pragma once

#include "base/metric_info.hpp"

#include <array>

/// The metrics of messages/; docs and the code name them from here.
namespace hermod::messages::metric {

inline constexpr MetricInfo sends{"hermod_messages_sends_total", "counter", "connector, outcome",
    "Tries of outgoing messages; outcome `sent` or the kind of error"};

inline constexpr std::array all{sends};

}
