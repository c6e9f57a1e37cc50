#include "db/postgres/batch_runner.hpp"

#include "db/postgres/fixed_statements.hpp"
#include "db/postgres/wakeups.hpp"

namespace hermod::db::postgres {

using std::chrono::steady_clock;

// Each is one wait for all λs together: worth it while more than one waits. A λ that reads along a
// longer chain waits by itself.
static constexpr int scouting_rounds = 8;
static constexpr seconds commit_wait{30};

static double seconds_since(Work::Time from)
{
    return std::chrono::duration<double>{steady_clock::now() - from}.count();
}

static Domain domain_of(Work const& work)
{
    return work.is_system() ? Domain::global : Domain::tenant;
}

BatchRunner::BatchRunner(
    Statements& statements, Clock& clock, DbMetrics const& metrics, Options options)
    : clock_(clock), metrics_(metrics), options_(options), transaction_(statements)
{
}

namespace {
class Cleared {
public:
    Cleared(BatchTransaction& transaction, HotRows& hot_rows)
        : transaction_(transaction), hot_rows_(hot_rows)
    {
    }
    ~Cleared()
    {
        hot_rows_.clear();
        transaction_.clear();
    }
    Cleared(Cleared const&) = delete;
    Cleared& operator=(Cleared const&) = delete;

private:
    BatchTransaction& transaction_;
    HotRows& hot_rows_;
};
}

namespace {
/// Counts how often the connection was waited for.
class Waits {
public:
    Waits(Connection const& connection, Counter const& counter)
        : connection_(connection), counter_(counter), before_(connection.waits())
    {
    }
    ~Waits() { counter_.add(static_cast<double>(connection_.waits() - before_)); }
    Waits(Waits const&) = delete;
    Waits& operator=(Waits const&) = delete;

private:
    Connection const& connection_;
    Counter const& counter_;
    std::size_t const before_;
};
}

BatchRunner::Outcome BatchRunner::run(
    Connection& connection, Mark const& mark, std::span<Work* const> works, bool alone)
{
    Cleared const cleared{transaction_, hot_rows_};
    Waits const waits{connection, metrics_.waits};
    bool const prefetch = options_.prefetch && works.size() > 1;
    commit_sent_ = false;
    now_ = clock_.now();
    transaction_.begin(connection, mark.shard);
    live_.begin_batch({.alone = alone, .caches = prefetch});
    try {
        if (prefetch)
            scout(works);
        auto const ran = run_works(works);
        commit(mark, works.first(ran));
        return {.ran = ran};
    } catch (BatchRefused const&) {
        return {.refusal = roll_back()};
    }
}

void BatchRunner::scout(std::span<Work* const> works)
{
    scouting_.assign(works.begin(), works.end());
    for (int round = 0; round < scouting_rounds && scouting_.size() > 1; ++round) {
        std::erase_if(scouting_, [&](Work* work) {
            scout_.begin_lambda(domain_of(*work), work->workspace());
            try {
                work->run(scout_, scouted_rows_, now_);
            } catch (...) {
                // The end of scouting, or what the λ has to say: it will say it again.
            }
            scouted_rows_.clear();
            return !scout_.waits();
        });
        auto const last = scout_.take_last_ticket();
        if (!last)
            return;
        transaction_.wait_for(*last);
    }
}

std::size_t BatchRunner::run_works(std::span<Work* const> works)
{
    auto const end = steady_clock::now() + options_.time;
    std::size_t ran = 0;
    for (auto* const work : works) {
        if (ran > 0 && steady_clock::now() >= end)
            break;
        if (ran > 0 && works[ran - 1]->workspace() != work->workspace())
            write_hot_rows(works[ran - 1]->workspace());
        run_one(*work);
        ++ran;
    }
    write_hot_rows(works[ran - 1]->workspace());
    return ran;
}

void BatchRunner::run_one(Work& work)
{
    auto const started = steady_clock::now();
    auto const& connection = transaction_.connection();
    // A λ that hides from itself that the database is gone, or has refused it, hides it from itself
    // alone.
    auto const check = [&] {
        if (connection.is_lost())
            throw ConnectionLost{"the connection to the database was lost"};
        if (connection.refusal())
            throw BatchRefused{};
    };
    live_.begin_lambda(domain_of(work), work.workspace());
    hot_rows_.begin_lambda();
    work.error = nullptr;
    try {
        work.run(live_, hot_rows_, now_);
        check();
        live_.accept_lambda();
        hot_rows_.accept_lambda();
    } catch (BatchRefused const&) {
        throw;
    } catch (ConnectionLost const&) {
        throw;
    } catch (...) {
        check();
        work.error = std::current_exception();
        work.wakes = 0;
        live_.rollback_lambda();
        hot_rows_.rollback_lambda();
    }
    metrics_.write_seconds.observe(seconds_since(started));
}

/// Before the next workspace's λs: its rows are written under its own policies.
void BatchRunner::write_hot_rows(WorkspaceId const& workspace)
{
    live_.begin_lambda(Domain::tenant, workspace);
    hot_rows_.flush();
    live_.accept_lambda();
}

void BatchRunner::commit(Mark const& mark, std::span<Work* const> works)
{
    auto& connection = transaction_.connection();
    if (!live_.has_written()) {
        // Nobody waits for the end of a transaction that changed nothing.
        connection.send_quietly(fixed().rollback, {});
        connection.sync();
        connection.push();
        return;
    }
    auto const started = steady_clock::now();
    transaction_.send(fixed().mark,
        std::array{Param{Type::uuid, false, 0, 0, as_text(mark.node)},
            Param{Type::integer, false, mark.shard}, Param{Type::integer, false, mark.batch}});
    commit_sent_ = true;
    committing_ = works.size();
    transaction_.send(fixed().commit);
    auto const committed = connection.sync();
    std::vector<Committed> wakes;
    for (auto const* work : works) {
        if (work->wakes != 0)
            wakes.push_back({work->workspace(), work->wakes});
    }
    merge_wakes(wakes);
    for (auto const& payload : to_payloads(mark.node, wakes)) {
        Arena arena;
        connection.send_quietly(
            fixed().notify, encode(std::array{Param{Type::text, false, 0, 0, payload}}, arena));
    }
    if (!wakes.empty())
        connection.sync();
    connection.push();
    connection.wait_for(committed, steady_clock::now() + commit_wait);
    if (connection.refusal()) {
        commit_sent_ = false; // and not done: the database has said so
        throw BatchRefused{};
    }
    metrics_.commit_seconds.observe(seconds_since(started));
}

Refusal BatchRunner::roll_back()
{
    auto& connection = transaction_.connection();
    connection.sync();
    connection.send_quietly(fixed().rollback, {});
    auto const done = connection.sync();
    connection.push();
    connection.wait_for(done, steady_clock::now() + commit_wait);
    return *connection.take_refusal();
}

}
