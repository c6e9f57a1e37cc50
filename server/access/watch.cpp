#include "access/watch.hpp"

#include "access/store.hpp"
#include "base/log.hpp"

#include <boost/system/system_error.hpp>

namespace hermod::access {

static constexpr milliseconds between_looks{500};
static constexpr seconds between_uses{15};
static constexpr seconds between_sweeps{60};
static constexpr microseconds changes_kept = seconds{3600};
static constexpr std::int64_t sweep_batch = 200;

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
    for (auto const& use : cache_.take_uses()) {
        co_await database_.write(
            use.workspace, [&](db::Tx& tx) { store::update_last_used(tx, use.key, use.at); });
    }
}

Task<void> Watch::sweep()
{
    auto const old = clock_.now() - changes_kept;
    for (;;) {
        auto const deleted = co_await database_.system().write([&](db::GlobalTx& tx) {
            store::delete_changes_before(tx, old);
            return store::delete_expired_sessions(tx, sweep_batch);
        });
        if (deleted < sweep_batch)
            co_return;
    }
}

Task<void> Watch::run()
{
    Timestamp next_uses = clock_.now() + between_uses;
    Timestamp next_sweep = clock_.now() + between_sweeps;
    for (;;) {
        try {
            co_await look();
            if (clock_.now() >= next_uses) {
                next_uses = clock_.now() + between_uses;
                co_await write_uses();
            }
            if (clock_.now() >= next_sweep) {
                next_sweep = clock_.now() + between_sweeps;
                co_await sweep();
            }
        } catch (boost::system::system_error const&) {
            throw; // cancelled
        } catch (std::exception const& e) {
            log::warn("cannot look for revoked credentials", {{"error", e.what()}});
        }
        co_await sleep_until(clock_, clock_.now() + between_looks);
    }
}

}
