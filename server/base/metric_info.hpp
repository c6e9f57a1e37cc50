#pragma once

namespace hermod {

/// A metric as its folder's `metrics.hpp` lists it; api/metrics.md is written from these lists.
struct MetricInfo {
    char const* name;
    char const* type;
    char const* labels; ///< their names, for people
    char const* help;
};

}
