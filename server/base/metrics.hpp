#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}

namespace hermod {

using Labels = std::map<std::string, std::string>;

/// Goes up only. Thread-safe; must not outlive its Metrics.
class Counter {
public:
    explicit Counter(prometheus::Counter& counter) : counter_(&counter) { }
    void add(double by = 1) const;

private:
    prometheus::Counter* counter_;
};

class Gauge {
public:
    explicit Gauge(prometheus::Gauge& gauge) : gauge_(&gauge) { }
    void set(double value) const;
    void add(double by) const;

private:
    prometheus::Gauge* gauge_;
};

class Histogram {
public:
    explicit Histogram(prometheus::Histogram& histogram) : histogram_(&histogram) { }
    void observe(double value) const;

private:
    prometheus::Histogram* histogram_;
};

/// The process's metrics. Each folder declares its own in one `metrics.hpp`; names are
/// `hermod_<folder>_<what>_<unit>`. The same name and labels give the same metric.
class Metrics {
public:
    Metrics();
    ~Metrics();
    Counter counter(std::string const& name, std::string const& help, Labels const& labels = {});
    Gauge gauge(std::string const& name, std::string const& help, Labels const& labels = {});
    /// Buckets in seconds from 100 µs to 10 s unless given.
    Histogram histogram(std::string const& name, std::string const& help, Labels const& labels = {},
        std::vector<double> buckets = {});
    /// The Prometheus text format 0.0.4.
    std::string text() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}
