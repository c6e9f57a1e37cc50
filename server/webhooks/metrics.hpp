#pragma once

#include "base/metric_info.hpp"

#include <array>

/// The metrics of webhooks/; docs and the code name them from here.
namespace hermod::webhooks::metric {

inline constexpr MetricInfo attempts{"hermod_webhooks_attempts_total", "counter", "outcome",
    "Attempts of deliveries; outcome `delivered` or the kind of failure"};
inline constexpr MetricInfo under_way{
    "hermod_webhooks_under_way", "gauge", "", "Requests of deliveries under way"};
inline constexpr MetricInfo lag{"hermod_webhooks_lag_seconds", "histogram", "",
    "From an event to the first attempt to deliver it"};

inline constexpr std::array all{attempts, under_way, lag};

}
