#pragma once

#include "base/metric_info.hpp"

#include <array>

/// The metrics of jobs/; docs and the code name them from here.
namespace hermod::jobs::metric {

inline constexpr MetricInfo held{
    "hermod_jobs_held", "gauge", "", "Open jobs in the scheduler's memory"};
inline constexpr MetricInfo running{"hermod_jobs_running", "gauge", "", "Jobs under way"};
inline constexpr MetricInfo ended{
    "hermod_jobs_ended_total", "counter", "", "Claims that ended, in any state"};
inline constexpr MetricInfo dead{
    "hermod_jobs_dead_total", "counter", "", "Jobs that were given up: listed, retried by hand"};
inline constexpr MetricInfo hold{"hermod_jobs_hold", "gauge", "",
    "1 while nothing is sent, since a restore or by hand, until `hermod admin resume`"};

inline constexpr std::array all{held, running, ended, dead, hold};

}
