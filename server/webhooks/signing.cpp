#include "webhooks/signing.hpp"

#include "base/crypto.hpp"

#include <array>

namespace hermod::webhooks {

static constexpr std::string_view prefix = "whsec_";

std::string new_secret()
{
    std::array<std::uint8_t, 32> bytes{};
    fill_random(bytes);
    return std::string{prefix} + to_base64(as_text(bytes));
}

std::string body_of(events::Line const& line, std::string cursor)
{
    return to_json(DeliveredEvent{.type = line.type,
        .timestamp = line.created_at,
        .data = {line.data},
        .id = line.id,
        .cursor = std::move(cursor),
        .offset = line.log_offset,
        .conversation_id = line.conversation_id,
        .created_at = line.created_at});
}

std::string standard_signature(
    std::string_view secret, std::string_view id, Timestamp at, std::string_view body)
{
    auto const encoded = secret.starts_with(prefix) ? secret.substr(prefix.size()) : secret;
    auto const key = from_base64(encoded);
    HERMOD_CHECK(key.has_value());
    std::string signed_text{id};
    signed_text.append(".").append(std::to_string(at.unix_s())).append(".").append(body);
    return "v1," + to_base64(as_text(hmac_sha256(*key, signed_text)));
}

Headers delivery_headers(DeliveryId const& delivery, events::Line const& line,
    std::vector<std::string> const& secrets, Timestamp at, std::string_view body)
{
    auto const id = line.id.str();
    std::string signatures;
    for (auto const& secret : secrets) {
        signatures.append(signatures.empty() ? "" : " ");
        signatures += standard_signature(secret, id, at, body);
    }
    return {{"Content-Type", "application/json"}, {"webhook-id", id},
        {"webhook-timestamp", std::to_string(at.unix_s())},
        {"webhook-signature", std::move(signatures)}, {"Hermod-Delivery", delivery.str()},
        {"X-Webhook-Event", line.type},
        {"X-Webhook-Signature", "sha256=" + to_hex(hmac_sha256(secrets.front(), body))}};
}

}
