#include "base/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace hermod {

struct Metrics::State {
    // Merge: asking for a known name gives the same family, so tests may build a part twice.
    prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
};

Metrics::Metrics() : state_(std::make_unique<State>()) { }

Metrics::~Metrics() = default;

void Counter::add(double by) const
{
    counter_->Increment(by);
}
void Gauge::set(double value) const
{
    gauge_->Set(value);
}
void Gauge::add(double by) const
{
    gauge_->Increment(by);
}
void Histogram::observe(double value) const
{
    histogram_->Observe(value);
}

Counter Metrics::counter(std::string const& name, std::string const& help, Labels const& labels)
{
    auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(state_->registry);
    return Counter{family.Add(labels)};
}

Gauge Metrics::gauge(std::string const& name, std::string const& help, Labels const& labels)
{
    auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry);
    return Gauge{family.Add(labels)};
}

Histogram Metrics::histogram(std::string const& name, std::string const& help, Labels const& labels,
    std::vector<double> buckets)
{
    if (buckets.empty())
        buckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
            1, 2.5, 5, 10};
    auto& family = prometheus::BuildHistogram().Name(name).Help(help).Register(state_->registry);
    return Histogram{family.Add(labels, buckets)};
}

std::string Metrics::text() const
{
    return prometheus::TextSerializer{}.Serialize(state_->registry.Collect());
}

}
