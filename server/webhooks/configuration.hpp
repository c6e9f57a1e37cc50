#pragma once

#include "webhooks/webhooks.hpp"

#include <string>
#include <string_view>

/// What the use cases that configure a webhook share.
namespace hermod::webhooks {

/// Throws invalid_body or address_blocked.
void require_valid_url(net::AddressGuard const& guard, std::string_view url);

/// The answer with the secret in it; `without_secret` for a repeated request.
IssuedWebhook with_secret(Webhook const& view, std::string secret);
std::string without_secret(IssuedWebhook const& issued);

std::optional<std::string> text_of_optional(std::optional<Text<1, 500>> const& text);

}
