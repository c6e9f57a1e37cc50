#pragma once

#include "net/http_client.hpp"

#include "webhooks/webhooks.hpp"

namespace hermod::webhooks {

/// What came of one request.
struct Outcome {
    std::optional<DeliveryError> error; ///< none: 2xx
    std::optional<int> status;
    std::optional<milliseconds> retry_after; ///< the endpoint asks for that much time
    bool gone = false; ///< 410: it wants nothing any more
};

/// Only 2xx is success. Nothing of the answer's body is kept.
Outcome outcome_of(net::HttpOutcome const& answer, Timestamp now);

}
