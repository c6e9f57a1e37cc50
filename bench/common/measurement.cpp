#include "common/measurement.hpp"

#include "common/cpu.hpp"
#include <boost/json.hpp>

#include <algorithm>
#include <limits>

namespace hermod::bench {

using Unit = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;

Measurement::Measurement(Plan const& plan, Time start)
    : plan_(plan), begin_(start + plan.warm_up), end_(begin_ + plan.window)
{
    latencies_.reserve(4'000'000); // of which the untouched part costs nothing
}

Measurement::Cpu Measurement::read_cpu() const
{
    return {.own = own_cpu(),
        .server = plan_.server ? cpu_of(*plan_.server) : 0,
        .postgres = plan_.postmaster ? cpu_of_family(*plan_.postmaster) : 0};
}

bool Measurement::advance(Time now)
{
    if (phase_ == Phase::warm_up && now >= begin_) {
        cpu_begin_ = read_cpu();
        begin_ = std::chrono::steady_clock::now();
        end_ = begin_ + plan_.window;
        phase_ = Phase::window;
    } else if (phase_ == Phase::window && now >= end_) {
        cpu_end_ = read_cpu();
        end_ = now;
        phase_ = Phase::over;
    }
    return phase_ != Phase::over;
}

void Measurement::accepted(Time sent, Time now)
{
    ++accepted_total_;
    if (phase_ != Phase::window)
        return;
    auto const taken = std::chrono::duration_cast<Unit>(now - sent).count();
    auto const most = std::int64_t{std::numeric_limits<std::uint32_t>::max()};
    latencies_.push_back(static_cast<std::uint32_t>(std::clamp(taken, std::int64_t{0}, most)));
}

void Measurement::failed(std::string const& what)
{
    if (failures_++ == 0)
        first_failure_ = what;
}

/// In microseconds: the latency that `share` of the messages did not exceed.
double Measurement::percentile(double share)
{
    if (latencies_.empty())
        return 0;
    auto const last = static_cast<double>(latencies_.size() - 1);
    auto const at = latencies_.begin() + static_cast<std::ptrdiff_t>(share * last + 0.5);
    std::nth_element(latencies_.begin(), at, latencies_.end());
    return *at / 10.0;
}

std::string Measurement::report()
{
    boost::json::object json{
        {"seconds", std::chrono::duration<double>{end_ - begin_}.count()},
        {"accepted", latencies_.size()},
        {"accepted_total", accepted_total_},
        {"failures", failures_},
        {"first_failure", first_failure_},
        {"p50_us", percentile(0.5)},
        {"p99_us", percentile(0.99)},
        {"max_us", percentile(1)},
        {"own_cpu_s", cpu_end_.own - cpu_begin_.own},
        {"server_cpu_s", cpu_end_.server - cpu_begin_.server},
        {"postgres_cpu_s", cpu_end_.postgres - cpu_begin_.postgres},
    };
    return boost::json::serialize(json) + "\n";
}

}
