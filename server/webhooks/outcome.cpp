#include "webhooks/outcome.hpp"

namespace hermod::webhooks {

static Failure failure_of(net::HttpFailure failure)
{
    switch (failure) {
    case net::HttpFailure::invalid_request:
        return Failure::invalid_url;
    case net::HttpFailure::blocked_address:
        return Failure::blocked_address;
    case net::HttpFailure::dns:
        return Failure::dns;
    case net::HttpFailure::connect:
        return Failure::connect;
    case net::HttpFailure::tls:
        return Failure::tls;
    case net::HttpFailure::timeout:
        return Failure::timeout;
    case net::HttpFailure::too_large:
        return Failure::too_large;
    case net::HttpFailure::closed:
        return Failure::reset;
    case net::HttpFailure::protocol:
        return Failure::protocol;
    }
    return Failure::protocol;
}

static DeliveryError error_of(int status)
{
    if (status >= 300 && status < 400)
        return {Failure::redirect, "the endpoint redirects, which is not followed", status};
    if (status >= 400 && status < 500)
        return {Failure::status_4xx, "the endpoint refuses the event", status};
    if (status >= 500 && status < 600)
        return {Failure::status_5xx, "the endpoint failed", status};
    return {Failure::protocol, "the endpoint answered with no status that HTTP knows", status};
}

Outcome outcome_of(net::HttpOutcome const& answer, Timestamp now)
{
    if (!answer)
        return {.error = DeliveryError{failure_of(answer.error().failure), answer.error().detail,
                    std::nullopt},
            .status = {},
            .retry_after = {}};
    auto const status = answer->status;
    if (status >= 200 && status < 300)
        return {.error = {}, .status = status, .retry_after = {}};
    return {.error = error_of(status),
        .status = status,
        .retry_after = net::parse_retry_after(answer->header("retry-after"), now),
        .gone = status == 410};
}

}
