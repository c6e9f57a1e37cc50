#include "workspaces/audit.hpp"

#include "webhooks/configuration.hpp"
#include "webhooks/filter.hpp"
#include "webhooks/store.hpp"

namespace hermod::webhooks {

static void change_state(db::Tx& tx, WebhookRow& row, bool enabled)
{
    if (enabled == (row.state == WebhookState::enabled))
        return;
    if (enabled) {
        row.state = WebhookState::enabled;
        row.disabled_reason.reset();
        row.disabled_at.reset();
        row.failing_since.reset();
        // From here on; what it missed a replay brings.
        restart_progress(tx, row.id, events::find_extent(tx).value_or(events::Extent{}).head);
        return;
    }
    row.state = WebhookState::disabled;
    row.disabled_reason = DisabledReason::request;
    row.disabled_at = tx.now();
    row.held_until.reset();
    stop_progress(tx, row.id);
}

static Webhook change(db::Tx& tx, Deps const& deps, Caller const& caller, WebhookId const& id,
    UpdateWebhook const& command)
{
    auto row = require_webhook(tx, caller, id);
    auto const previous = row.state;
    if (command.url)
        row.url = command.url->value;
    if (command.description.present)
        row.description = text_of_optional(command.description.value);
    if (command.filter.present)
        row.filter = {to_json(command.filter.value.value_or(WebhookFilter{}))};
    // Also a new address gets what passes, so its reader must be allowed to.
    require_may_see(deps, caller, read_stored_json<WebhookFilter>(row.filter.text));
    if (command.enabled)
        change_state(tx, row, *command.enabled);
    row.updated_at = tx.now();
    update_webhook(tx, row);
    auto const view = to_view(row, tx.now());
    auto const disabled = row.state == WebhookState::disabled && previous != row.state;
    events::append(tx, disabled ? webhook_disabled : webhook_updated, {view});
    tx.wake(db::Wake::webhooks);
    workspaces::audit(tx, caller, disabled ? "webhook.disabled" : "webhook.updated", id.str(),
        {{"url", row.url}});
    return view;
}

Task<Webhook> update_webhook(
    Deps& deps, Caller const& caller, WebhookId const& id, UpdateWebhook const& command)
{
    if (command.url)
        require_valid_url(deps.guard, *command.url);
    if (command.filter.value)
        require_known_types(*command.filter.value, deps.catalogue);
    co_return co_await deps.database.write(
        caller.workspace, [&](db::Tx& tx) { return change(tx, deps, caller, id, command); });
}

}
