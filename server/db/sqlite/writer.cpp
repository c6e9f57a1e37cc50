#include "db/sqlite/writer.hpp"

#include "base/log.hpp"

#include <pthread.h>
#include <sqlite3.h>

#include <algorithm>

namespace hermod::db::sqlite {

using std::chrono::steady_clock;

// Works are taken in small portions, so that a batch that has used up its time holds back few.
static constexpr std::size_t portion = 16;

static double seconds_between(Work::Time from, Work::Time to)
{
    return std::chrono::duration<double>{to - from}.count();
}

static int count_commit(void* state, sqlite3*, char const*, int frames)
{
    auto& wal = *static_cast<WalState*>(state);
    wal.frames.store(frames, std::memory_order_relaxed);
    wal.commits.fetch_add(1, std::memory_order_relaxed);
    return SQLITE_OK;
}

Writer::Writer(SqliteOptions const& options, Clock& clock, DbMetrics const& metrics)
    : options_(options)
    , clock_(clock)
    , metrics_(metrics)
    , queue_(options.queue_limit, metrics.write_queue, metrics.dropped)
    , connection_(options, Connection::Mode::write)
    , hot_rows_(connection_)
{
    sqlite3_wal_hook(connection_.handle(), count_commit, &wal_);
}

Writer::~Writer()
{
    close();
}

void Writer::on_commit(Listener listener)
{
    std::lock_guard const lock{listener_mutex_};
    listener_ = std::move(listener);
}

void Writer::start()
{
    thread_ = std::thread{[this] {
        pthread_setname_np(pthread_self(), "db-writer");
        work_off();
    }};
}

void Writer::close()
{
    queue_.close();
    if (thread_.joinable())
        thread_.join();
}

void Writer::work_off()
{
    while (!queue_.finished()) {
        batch_.clear();
        if (queue_.take(batch_, std::min(portion, options_.batch_limit)))
            run_batch();
    }
}

void Writer::run_batch()
{
    now_ = steady_clock::now();
    auto const batch_end = now_ + options_.batch_time;
    auto const hold_until = last_commit_ + options_.commit_interval;
    if (auto const failure = try_begin())
        return refuse(batch_, failure);
    std::size_t next = 0;
    do {
        if (!run_group(std::span{batch_}.subspan(next)))
            return run_one_by_one();
        next = batch_.size();
    } while (take_more(batch_end, hold_until));
    if (try_commit())
        return run_one_by_one(); // whose fault it is shows there
    expected_ = batch_.size();
    conclude(batch_);
    restart_wal();
}

/// Under load a batch waits for as many works as the last one had, within the commit interval: more
/// would share its fsync. After a batch of one, one is enough.
bool Writer::take_more(Work::Time batch_end, Work::Time hold_until)
{
    auto const room = options_.batch_limit - std::min(options_.batch_limit, batch_.size());
    if (room == 0 || now_ >= batch_end)
        return false;
    auto const hold = batch_.size() < expected_ && now_ < hold_until;
    auto const wanted = hold ? std::min(expected_ - batch_.size(), portion) : 1;
    auto const taken =
        queue_.take(batch_, std::min(room, portion), wanted, hold ? hold_until : now_);
    now_ = steady_clock::now();
    return taken;
}

/// Works that are taken together share a savepoint, as each savepoint costs a copy of every page
/// that is changed under it. Where one has to be undone, all are, and run again with one each.
/// False: the transaction is lost, and with it what the works before these did.
bool Writer::run_group(std::span<Work* const> works)
{
    connection_.begin_group();
    hot_rows_.begin_lambda();
    for (auto* const work : works) {
        if (run_one(*work))
            continue;
        if (!undo_group())
            return false;
        if (works.size() == 1)
            return true;
        metrics_.reruns.add(static_cast<double>(works.size()));
        return std::ranges::all_of(works, [&](Work* each) { return run_group({&each, 1}); });
    }
    try {
        connection_.accept_group();
    } catch (Problem const&) {
        return false;
    }
    hot_rows_.accept_lambda();
    return true;
}

/// False: it failed and has changed something, which has to be undone.
bool Writer::run_one(Work& work)
{
    auto const started = now_;
    auto const changes = hot_rows_.changes();
    connection_.begin_lambda();
    work.error = nullptr;
    try {
        work.run(connection_, hot_rows_, clock_.now());
        connection_.end_lambda();
    } catch (...) {
        work.error = std::current_exception();
        work.wakes = 0;
    }
    now_ = steady_clock::now();
    metrics_.write_seconds.observe(seconds_between(started, now_));
    return !work.error
        || (connection_.in_transaction() && !connection_.lambda_wrote()
            && hot_rows_.changes() == changes);
}

/// False where SQLite has rolled the whole transaction back by itself.
bool Writer::undo_group()
{
    if (!connection_.in_transaction())
        return false;
    try {
        connection_.rollback_group();
    } catch (Problem const&) {
        return false;
    }
    hot_rows_.rollback_lambda();
    return true;
}

/// Each work again, in a transaction of its own, so that only the guilty one fails.
void Writer::run_one_by_one()
{
    roll_back();
    metrics_.reruns.add(static_cast<double>(batch_.size()));
    for (auto at = batch_.begin(); at != batch_.end(); ++at) {
        auto& work = **at;
        if (auto const failure = try_begin())
            return refuse({at, batch_.end()}, failure);
        if (run_group({at, 1}) && !work.error)
            if (auto const failure = try_commit()) {
                work.error = failure;
                work.wakes = 0;
            }
        if (work.error)
            roll_back();
        conclude({at, 1});
    }
    expected_ = 1;
}

std::exception_ptr Writer::try_begin()
{
    try {
        connection_.control("BEGIN IMMEDIATE");
        return nullptr;
    } catch (...) {
        roll_back();
        return std::current_exception();
    }
}

std::exception_ptr Writer::try_commit()
{
    last_commit_ = now_;
    try {
        hot_rows_.flush();
        connection_.control("COMMIT");
    } catch (...) {
        return std::current_exception();
    }
    hot_rows_.clear();
    now_ = steady_clock::now();
    metrics_.commit_seconds.observe(seconds_between(last_commit_, now_));
    metrics_.batches.add();
    return nullptr;
}

void Writer::roll_back()
{
    hot_rows_.clear();
    try {
        connection_.roll_back();
    } catch (Problem const&) {
        // The transaction ends even so; a connection that is truly broken fails the next BEGIN.
    }
}

/// Tells the listener, then the callers: who then asks for what is new finds it announced. The
/// works are gone after.
void Writer::conclude(std::span<Work* const> works)
{
    metrics_.batch_size.observe(static_cast<double>(works.size()));
    wakes_.clear();
    Completions completions;
    for (auto* const work : works) {
        if (work->wakes != 0)
            wakes_.push_back({work->workspace(), work->wakes});
        completions.add(*work);
    }
    if (!wakes_.empty())
        tell_listener();
    completions.flush();
}

void Writer::tell_listener()
{
    merge_wakes(wakes_);
    std::lock_guard const lock{listener_mutex_};
    try {
        if (listener_)
            listener_(wakes_);
    } catch (std::exception const& failure) {
        log::error("a listener to commits failed", {{"error", failure.what()}});
    }
}

void Writer::refuse(std::span<Work* const> works, std::exception_ptr const& failure)
{
    Completions completions;
    for (auto* const work : works) {
        work->error = failure;
        completions.add(*work);
    }
}

/// Under constant load the log never comes to an end by itself. Between two batches is the one
/// moment when no writer has to wait for it; the checkpointer has just copied nearly all of it.
void Writer::restart_wal()
{
    if (!wal_.restart_wanted.exchange(false))
        return;
    auto const patient = wal_.restart_needed.exchange(false);
    sqlite3_busy_timeout(connection_.handle(), patient ? 2500 : 0);
    sqlite3_wal_checkpoint_v2(
        connection_.handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
    sqlite3_busy_timeout(connection_.handle(), 5000);
}

}
