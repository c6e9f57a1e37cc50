#pragma once

#include "webhooks/webhooks.hpp"

namespace hermod::webhooks {

/// Whether the event passes. A webhook.test never does: it goes to the webhook it names alone.
bool matches(WebhookFilter const& filter, events::Line const& line);

/// Throws invalid_body where the filter names a type that there is not.
void require_known_types(WebhookFilter const& filter, events::Catalogue const& catalogue);

/// Nobody hands out what they cannot read: throws missing_scope where the caller may not see one of
/// the types that pass.
void require_may_see(Deps const& deps, Caller const& caller, WebhookFilter const& filter);

}
