#include "access/watch.hpp"

#include "access/audit_log.hpp"
#include "access/store.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"

#include <boost/system/system_error.hpp>

#include <algorithm>
#include <map>
#include <span>

namespace hermod::access {

static constexpr milliseconds between_looks{500};
static constexpr seconds between_uses{15};
static constexpr seconds between_sweeps{60};
static constexpr microseconds changes_kept = seconds{3600};
static constexpr microseconds tickets_kept = std::chrono::hours{1};
static constexpr microseconds places_kept = std::chrono::days{90};
static constexpr microseconds login_audit_kept = std::chrono::days{400};
static constexpr std::int64_t sweep_batch = 200;
static constexpr std::size_t uses_at_once = 200;

Task<void> Watch::look()
{
    // Changes are kept an hour: after a longer sleep some may be gone, so nothing is known any
    // more.
    auto const slept = clock_.now() - looked_at_ > changes_kept / 2;
    if (!seen_ || slept) {
        seen_ = co_await database_.system().read(
            [](db::GlobalTx const& tx) { return store::newest_change(tx); });
        cache_.clear();
    }
    for (;;) {
        auto const changes = co_await database_.system().read(
            [seen = *seen_](db::GlobalTx const& tx) { return store::changes_after(tx, seen); });
        for (auto const& change : changes) {
            cache_.drop(change.subject_id.bytes());
            seen_ = change.seq;
        }
        if (changes.empty())
            break;
    }
    looked_at_ = clock_.now();
    cache_.looked(clock_.steady());
}

Task<void> Watch::write_uses()
{
    std::map<WorkspaceId, std::vector<CredentialCache::Use>> of_workspace;
    for (auto& use : cache_.unwritten_uses())
        of_workspace[use.workspace].push_back(std::move(use));
    for (auto const& [workspace, uses] : of_workspace) {
        for (auto rest = std::span{uses}; !rest.empty();) {
            auto const some = rest.first(std::min(rest.size(), uses_at_once));
            co_await database_.write(workspace, [&](db::Tx& tx) {
                for (auto const& use : some)
                    store::update_last_used(tx, use.key, use.at);
            });
            std::ranges::for_each(some, CredentialCache::written);
            rest = rest.subspan(some.size());
        }
    }
}

Task<void> Watch::sweep()
{
    auto const now = clock_.now();
    for (;;) {
        auto const deleted = co_await database_.system().write([&](db::GlobalTx& tx) {
            store::delete_changes_before(tx, now - changes_kept);
            store::delete_tickets_before(tx, now - tickets_kept);
            store::delete_places_before(tx, now - places_kept);
            store::delete_ended_credentials(tx);
            delete_login_audit_before(tx, now - login_audit_kept, sweep_batch);
            return store::delete_expired_sessions(tx, sweep_batch);
        });
        if (deleted < sweep_batch)
            co_return;
    }
}

/// False where it failed and must be done again; throws where the task is cancelled.
static Task<bool> done(Task<void> round, std::string_view failure)
{
    try {
        co_await std::move(round);
        co_return true;
    } catch (boost::system::system_error const&) {
        throw;
    } catch (std::exception const& e) {
        log::warn(failure, {{"error", e.what()}});
        co_return false;
    }
}

Task<void> Watch::run()
{
    for (;;) {
        co_await done(look(), "cannot look for revoked credentials");
        co_await sleep_for(clock_, between_looks);
    }
}

Task<void> Watch::keep_house()
{
    auto next_sweep = clock_.steady() + between_sweeps;
    for (;;) {
        co_await sleep_for(clock_, between_uses);
        co_await done(write_uses(), "cannot write when keys were used");
        if (clock_.steady() < next_sweep)
            continue;
        if (co_await done(sweep(), "cannot remove sessions that are over"))
            next_sweep = clock_.steady() + between_sweeps;
    }
}

}
