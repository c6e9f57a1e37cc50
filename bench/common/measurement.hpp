#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hermod::bench {

using Time = std::chrono::steady_clock::time_point;

/// How long to run, and whose CPU to read at the edges of the measured window.
struct Plan {
    std::chrono::milliseconds warm_up{2'000};
    std::chrono::milliseconds window{10'000};
    std::optional<pid_t> server;
    std::optional<pid_t> postmaster;
};

/// What happened in the window between the end of the warm-up and the end of the run. Every
/// latency is kept (4 bytes each), so percentiles are exact to 100 ns.
class Measurement {
public:
    Measurement(Plan const& plan, Time start);

    /// Call at least every few milliseconds. False: the window is over.
    bool advance(Time now);
    /// A message was accepted now that was asked for at `sent`.
    void accepted(Time sent, Time now);
    void failed(std::string const& what);

    bool over() const { return phase_ == Phase::over; }
    bool has_failures() const { return failures_ > 0; }
    std::uint64_t failures() const { return failures_; }
    /// One line of JSON. Call after the end.
    std::string report();

private:
    enum class Phase { warm_up, window, over };
    struct Cpu {
        double own = 0;
        double server = 0;
        double postgres = 0;
    };
    Cpu read_cpu() const;
    double percentile(double share);

    Plan const plan_;
    Phase phase_ = Phase::warm_up;
    Time begin_;
    Time end_;
    Cpu cpu_begin_;
    Cpu cpu_end_;
    std::uint64_t accepted_total_ = 0;
    std::uint64_t failures_ = 0;
    std::string first_failure_;
    std::vector<std::uint32_t> latencies_; // in 100 ns
};

}
