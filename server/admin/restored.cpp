#include "admin/restored.hpp"

#include "accounts/accounts.hpp"
#include "events/log.hpp"
#include "jobs/hold.hpp"
#include "workspaces/workspaces.hpp"

namespace hermod::admin {

static constexpr std::int64_t page = 200;

std::span<std::string_view const> linking_connectors()
{
    return {}; // none of this build's does
}

Task<void> mark_restored(db::Database& db, std::span<std::string_view const> linking)
{
    co_await db.system().write([](db::GlobalTx& tx) {
        events::renew_epoch(tx);
        jobs::begin_hold(tx, "the database was restored");
        tx.run("DELETE FROM leases");
    });
    if (linking.empty())
        co_return;
    WorkspaceId after;
    for (;;) {
        auto const some = co_await db.system().read(
            [&](db::GlobalTx const& tx) { return workspaces::list_after(tx, after, page); });
        for (auto const& workspace : some)
            co_await db.write(workspace, [&](db::Tx& tx) {
                for (auto const connector : linking)
                    accounts::ask_for_linking(tx, connector);
            });
        if (some.size() < static_cast<std::size_t>(page))
            co_return;
        after = some.back();
    }
}

}
