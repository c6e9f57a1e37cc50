#include "app/housekeeping.hpp"

#include "access/access.hpp"
#include "base/errors.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"
#include "events/events.hpp"
#include "jobs/jobs.hpp"
#include "messages/messages.hpp"
#include "people/imports.hpp"
#include "workspaces/audit.hpp"
#include "workspaces/idempotency.hpp"
#include "workspaces/workspaces.hpp"

#include "webhooks/webhooks.hpp"
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace hermod::app {

/// A λ stays short, so that no writer waits long behind it.
static constexpr std::int64_t batch = 200;
static constexpr auto every = std::chrono::minutes{10};
static constexpr auto keep_done_jobs = std::chrono::days{7};
static constexpr auto keep_deliveries = std::chrono::days{30};
static constexpr auto keep_imports = std::chrono::days{30};
static constexpr auto keep_audit = std::chrono::days{400};
static constexpr auto keep_client_ids = std::chrono::hours{24};
static constexpr auto keep_provider_inputs = std::chrono::days{90};

/// How much of each kind went; a full batch means there may be more.
static bool sweep_once(db::Tx& tx, Config const& config)
{
    auto const now = tx.now();
    auto const most = std::max({
        events::delete_older(
            tx, now - config.events.retention, webhooks::first_needed_offset(tx), batch),
        jobs::delete_finished(tx, now - keep_done_jobs, batch),
        people::delete_old_imports(tx, now - keep_imports, batch),
        messages::delete_old_keys(tx, now - keep_client_ids, batch),
        messages::delete_old_inputs(tx, now - keep_provider_inputs, batch),
        webhooks::delete_old_deliveries(tx, now - keep_deliveries, batch),
        workspaces::sweep_expired(tx, batch),
        workspaces::delete_old_audit(tx, now - keep_audit, batch),
        access::delete_old_uses(tx, batch),
    });
    return most >= batch;
}

Task<void> sweep_all(db::Database& db, Clock& clock, Config const& config)
{
    WorkspaceId after;
    for (;;) {
        auto const workspaces = co_await db.system().read(
            [&](db::GlobalTx const& tx) { return workspaces::list_after(tx, after, batch); });
        for (auto const& workspace : workspaces) {
            while (co_await db.write(workspace, [&](db::Tx& tx) { return sweep_once(tx, config); }))
                co_await sleep_for(clock, milliseconds{20});
        }
        if (workspaces.size() < static_cast<std::size_t>(batch))
            co_return;
        after = workspaces.back();
    }
}

Task<void> keep_house(db::Database& db, Clock& clock, Config const& config)
{
    for (;;) {
        co_await sleep_for(clock, every);
        try {
            co_await sweep_all(db, clock, config);
        } catch (boost::system::system_error const& e) {
            if (e.code() == asio::error::operation_aborted)
                throw; // the process is going down
            log::error("housekeeping failed, and is tried again", {{"error", e.what()}});
        } catch (std::exception const& e) {
            log::warn("housekeeping failed, and is tried again", {{"error", e.what()}});
        }
    }
}

}
