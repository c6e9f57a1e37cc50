#include "jobs/leases.hpp"

#include "base/crypto.hpp"
#include "base/errors.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"

#include <algorithm>
#include <numeric>

namespace hermod::jobs {

static constexpr microseconds lease = std::chrono::seconds{15};
static constexpr auto renew_every = std::chrono::seconds{3};
static constexpr auto trust = std::chrono::seconds{10}; // two thirds of the lease

ShardLeases::ShardLeases(db::Database& db, Clock& clock, ShardHolder& holder)
    : db_(db), clock_(clock), holder_(holder), node_(random_token(9))
{
}

static std::string shard_name(int shard)
{
    return "shard/" + std::to_string(shard);
}

/// Microseconds by the clock that all nodes share.
static std::int64_t database_time(db::GlobalTx const& tx)
{
    return *tx.one<std::int64_t>(
        "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");
}

static void write_lease(
    db::GlobalTx& tx, std::string const& name, std::string const& holder, std::int64_t expires_at)
{
    tx.run(R"sql(
        INSERT INTO leases (name, holder, fence, expires_at) VALUES ($1, $2, 1, $3)
        ON CONFLICT (name) DO UPDATE SET
            fence = leases.fence + CASE WHEN leases.holder = $2 THEN 0 ELSE 1 END,
            holder = $2, expires_at = $3)sql",
        name, holder, expires_at);
}

ShardLeases::Terms ShardLeases::take(db::GlobalTx& tx, std::set<int> const& give_up) const
{
    auto const now = database_time(tx);
    auto const until = now + lease.count();
    write_lease(tx, "node/" + node_, node_, until);
    for (auto const shard : give_up)
        tx.run("DELETE FROM leases WHERE name = $1 AND holder = $2", shard_name(shard), node_);
    tx.run("DELETE FROM leases WHERE name LIKE 'node/%' AND expires_at < $1", now - lease.count());
    auto const nodes = *tx.one<std::int64_t>(
        "SELECT COUNT(*) FROM leases WHERE name LIKE 'node/%' AND expires_at > $1", now);
    Terms terms;
    terms.share = static_cast<std::size_t>((db::shard_count + nodes - 1) / nodes);

    std::set<std::string> taken;
    for (auto const& [name, holder] : tx.all<std::tuple<std::string, std::string>>(
             "SELECT name, holder FROM leases WHERE name LIKE 'shard/%' AND expires_at > $1", now))
        if (holder != node_)
            taken.insert(name);
    // What is held first, so that shards do not wander.
    std::vector<int> order{held_.begin(), held_.end()};
    for (int shard = 0; shard < db::shard_count; ++shard)
        if (!held_.contains(shard))
            order.push_back(shard);
    for (auto const shard : order) {
        if (taken.contains(shard_name(shard)) || give_up.contains(shard))
            continue;
        if (!held_.contains(shard) && terms.held.size() >= terms.share)
            continue;
        write_lease(tx, shard_name(shard), node_, until);
        terms.held.insert(shard);
    }
    return terms;
}

static std::vector<int> difference(std::set<int> const& a, std::set<int> const& b)
{
    std::vector<int> result;
    std::ranges::set_difference(a, b, std::back_inserter(result));
    return result;
}

Task<void> ShardLeases::renew()
{
    std::set<int> idle;
    std::ranges::copy_if(leaving_, std::inserter(idle, idle.end()),
        [&](int shard) { return holder_.under_way(shard) == 0; });
    auto const asked_at = clock_.steady();
    auto terms = co_await db_.system().write([&](db::GlobalTx& tx) { return take(tx, idle); });
    renewed_at_ = asked_at;
    auto const lost = difference(held_, terms.held);
    auto const gained = difference(terms.held, held_);
    held_ = std::move(terms.held);
    for (auto const shard : lost)
        leaving_.erase(shard);
    if (!lost.empty())
        holder_.lose(lost);
    if (!gained.empty())
        holder_.gain(gained);
    // Over the share: stop working on the last ones, and let go once they are idle.
    std::vector<int> surplus;
    for (auto shard = held_.rbegin();
        shard != held_.rend() && held_.size() - leaving_.size() > terms.share; ++shard)
        if (leaving_.insert(*shard).second)
            surplus.push_back(*shard);
    if (!surplus.empty())
        holder_.lose(surplus);
}

void ShardLeases::give_up_all()
{
    holder_.lose({held_.begin(), held_.end()});
    held_.clear();
    leaving_.clear();
}

Task<void> ShardLeases::run()
{
    if (db_.engine() == db::Engine::sqlite) {
        std::vector<int> all(db::shard_count);
        std::iota(all.begin(), all.end(), 0);
        holder_.gain(all);
        co_return;
    }
    for (;;) {
        try {
            co_await renew();
        } catch (Problem const& problem) {
            log::warn("shard leases could not be renewed", {{"error", problem.what()}});
            if (!held_.empty() && clock_.steady() - renewed_at_ > trust)
                give_up_all();
        }
        co_await sleep_for(clock_, renew_every);
    }
}

Task<void> ShardLeases::release()
{
    if (db_.engine() == db::Engine::sqlite)
        co_return;
    co_await db_.system().write(
        [&](db::GlobalTx& tx) { tx.run("DELETE FROM leases WHERE holder = $1", node_); });
}

}
