#pragma once

#include "base/time.hpp"

#include "webhooks/webhooks.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermod::webhooks {

/// `whsec_` and 32 random bytes in base64.
std::string new_secret();

/// The body of every delivery of this event: the same bytes on each attempt.
std::string body_of(events::Line const& line, std::string cursor);

/// `v1,<base64>`: HMAC-SHA256 over `{id}.{seconds}.{body}` with the bytes the secret stands for
/// (Standard Webhooks 1.0).
std::string standard_signature(
    std::string_view secret, std::string_view id, Timestamp at, std::string_view body);

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The headers of one attempt, signed with each of `secrets`, of which the first is the newest.
Headers delivery_headers(DeliveryId const& delivery, events::Line const& line,
    std::vector<std::string> const& secrets, Timestamp at, std::string_view body);

}
