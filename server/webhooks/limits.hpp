#pragma once

#include "base/reflect.hpp"

namespace hermod::webhooks {

/// How many requests of deliveries run at once in this process, and how many to one endpoint.
struct Limits {
    int concurrency = 256;
    int per_endpoint = 8;
};
BOOST_DESCRIBE_STRUCT(Limits, (), (concurrency, per_endpoint))

}
