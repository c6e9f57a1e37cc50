#include "workspaces/audit.hpp"
#include "workspaces/idempotency.hpp"

#include "webhooks/configuration.hpp"
#include "webhooks/filter.hpp"
#include "webhooks/signing.hpp"
#include "webhooks/store.hpp"

namespace hermod::webhooks {

static constexpr std::int64_t max_webhooks = 200; // of one workspace

void require_valid_url(net::AddressGuard const& guard, std::string_view url)
{
    auto const vetted = guard.vet(url, {});
    if (vetted)
        return;
    throw Problem{vetted.error().blocked ? Errc::address_blocked : Errc::invalid_body, {},
        {{"url", vetted.error().message}}};
}

IssuedWebhook with_secret(Webhook const& view, std::string secret)
{
    return {view.id, view.url, view.description, view.filter, view.test, view.state,
        view.disabled_reason, view.disabled_at, view.failing_since, view.last_success_at,
        view.last_failure_at, view.held_until, view.old_secret_ends_at, view.created_at,
        view.updated_at, std::move(secret)};
}

std::string without_secret(IssuedWebhook const& issued)
{
    auto copy = issued;
    copy.secret.reset();
    return to_json(copy);
}

std::optional<std::string> text_of_optional(std::optional<Text<1, 500>> const& text)
{
    return text ? std::optional{text->value} : std::nullopt;
}

static IssuedWebhook make(db::Tx& tx, Deps const& deps, Caller const& caller,
    CreateWebhook const& command, std::string const& secret)
{
    if (count_webhooks(tx) >= max_webhooks)
        throw Problem{Errc::limit_reached,
            "a workspace has at most " + std::to_string(max_webhooks) + " webhooks"};
    WebhookRow row;
    row.id = WebhookId::make(tx.now());
    row.url = command.url.value;
    row.description = text_of_optional(command.description);
    row.filter = {to_json(command.filter.value_or(WebhookFilter{}))};
    row.test = caller.test;
    row.secret = deps.keyring.seal(secret, secret_context(row.id));
    row.created_at = tx.now();
    row.updated_at = tx.now();
    auto const view = to_view(row, tx.now());
    // It gets what happens from now on; not that it was made.
    row.log_offset = events::append(tx, webhook_created, {view});
    insert_webhook(tx, row);
    tx.wake(db::Wake::webhooks);
    workspaces::audit(tx, caller, "webhook.created", row.id.str(), {{"url", row.url}});
    return with_secret(view, secret);
}

Task<IssuedWebhook> create_webhook(Deps& deps, Caller const& caller, CreateWebhook const& command)
{
    auto const filter = command.filter.value_or(WebhookFilter{});
    require_valid_url(deps.guard, command.url);
    require_known_types(filter, deps.catalogue);
    require_may_see(deps, caller, filter);
    auto const secret = new_secret();
    co_return co_await workspaces::write_once(
        deps.database, caller, 201,
        [&](db::Tx& tx) { return make(tx, deps, caller, command, secret); }, without_secret);
}

}
