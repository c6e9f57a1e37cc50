#include "db/postgres/writers.hpp"

#include "base/log.hpp"
#include "db/postgres/fixed_statements.hpp"
#include "db/postgres/open_session.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>

namespace hermod::db::postgres {

using std::chrono::steady_clock;

// Batches that may be lost with a λ before it is run alone, and before it fails.
static constexpr int tries_together = 2;
static constexpr int tries_at_all = 4;
static constexpr milliseconds first_pause{50};
static constexpr milliseconds longest_pause{2000};
// How long the outcome of a commit is looked for before its callers hear 503.
static constexpr seconds settle_time{30};

void CommitListener::set(Function function)
{
    std::lock_guard const lock{mutex_};
    function_ = std::move(function);
}

void CommitListener::call(std::span<Committed const> wakes)
{
    std::lock_guard const lock{mutex_};
    try {
        if (function_ && !wakes.empty())
            function_(wakes);
    } catch (std::exception const& failure) {
        log::error("a listener to commits failed", {{"error", failure.what()}});
    }
}

/// One thread that writes.
class Writers::Thread {
public:
    Thread(Writers& owner, std::size_t index)
        : owner_(owner)
        , name_(fmt::format("hermod writer {}", index))
        , runner_(owner.statements_, owner.clock_, owner.metrics_,
              {.time = owner.options_.batch_time, .prefetch = owner.options_.prefetch})
    {
    }

    void work_off()
    {
        ShardQueues::Batch batch;
        auto pause = first_pause;
        for (;;) {
            if (!connect()) {
                if (owner_.queues_.pause(pause))
                    owner_.queues_.fail_all(); // nobody waits for a database that is away
                pause = std::min(pause * 2, longest_pause);
                if (!owner_.queues_.finished())
                    continue;
                return;
            }
            pause = first_pause;
            if (!owner_.queues_.take(batch, owner_.options_.batch_limit))
                return;
            // The server may have gone while nothing was to be done.
            if (!connection_->is_alive()) {
                connection_.reset();
                owner_.queues_.release(batch.shard, batch.works);
                continue;
            }
            process(batch);
        }
    }

private:
    enum class Settled { committed, aborted, unknown };

    bool connect()
    {
        if (connection_)
            return true;
        try {
            connection_ = open_session(owner_.options_.url, name_, Use::write, owner_.never_);
            if (std::exchange(away_, false))
                log::info("the database is back", {{"connection", name_}});
            return true;
        } catch (std::exception const& failure) {
            if (!std::exchange(away_, true))
                log::error("the database cannot be reached",
                    {{"connection", name_}, {"error", failure.what()}});
            return false;
        }
    }

    /// Runs the works until they have ended or the connection is lost; what is left goes back.
    void process(ShardQueues::Batch& batch)
    {
        std::span<Work*> left{batch.works};
        bool alone = std::ranges::any_of(
            left, [](Work const* work) { return work->tries >= tries_together; });
        while (!left.empty() && connection_) {
            auto const group = left.first(alone ? 1 : left.size());
            auto const ended = run(batch.shard, group, alone || group.size() == 1);
            if (!ended) {
                alone = true; // the guilty one shows
                owner_.metrics_.reruns.add(static_cast<double>(group.size()));
                continue;
            }
            left = left.subspan(*ended);
            if (*ended != group.size())
                break; // the time of the batch is over; other shards have their turn
        }
        owner_.queues_.release(batch.shard, left);
    }

    /// How many works of the group have ended; nothing where each must be run by itself.
    std::optional<std::size_t> run(int shard, std::span<Work*> group, bool alone)
    {
        Mark const mark{owner_.node_, shard, ++owner_.batches_[static_cast<std::size_t>(shard)]};
        try {
            auto const outcome = runner_.run(*connection_, mark, group, alone);
            if (!outcome.refusal) {
                conclude(group.first(outcome.ran));
                return outcome.ran;
            }
            return take_refusal(*outcome.refusal, group, alone);
        } catch (ConnectionLost const& loss) {
            log::warn("the connection to the database was lost amid a batch",
                {{"connection", name_}, {"error", loss.what()},
                    {"commit_sent", runner_.commit_was_sent()}});
            connection_.reset();
        }
        if (runner_.commit_was_sent()) {
            auto const sent = group.first(runner_.committing());
            switch (settle(mark)) {
            case Settled::committed:
                conclude(sent);
                return sent.size();
            case Settled::unknown:
                fail(sent,
                    Problem{
                        Errc::storage_unavailable, "the database went away while it committed"});
                return sent.size();
            case Settled::aborted:
                break;
            }
        }
        return count_try(group);
    }

    std::optional<std::size_t> take_refusal(
        Refusal const& refusal, std::span<Work*> group, bool alone)
    {
        // Plans that a migration made stale live as long as the connection.
        if (refusal.sqlstate == "0A000" || refusal.sqlstate == "26000")
            connection_.reset();
        if (refusal.is_passing()) {
            log::warn("the database refused a batch for now",
                {{"sqlstate", refusal.sqlstate}, {"error", refusal.message}});
            return count_try(group);
        }
        if (!alone)
            return std::nullopt;
        if (!refusal.is_constraint())
            log::error("the database refused a statement",
                {{"sqlstate", refusal.sqlstate}, {"error", refusal.message},
                    {"table", refusal.table}});
        group.front()->error = to_exception(refusal);
        Completions{}.add(*group.front());
        return group.size();
    }

    /// What was lost through no fault that is known runs again, but not for ever. Ends those of the
    /// front that have had their tries, and returns how many those are.
    std::size_t count_try(std::span<Work*> group)
    {
        owner_.metrics_.reruns.add(static_cast<double>(group.size()));
        for (auto* work : group)
            ++work->tries;
        auto const last = std::ranges::find_if(
            group, [](Work const* work) { return work->tries < tries_at_all; });
        auto const ended = group.first(static_cast<std::size_t>(last - group.begin()));
        fail(ended, Problem{Errc::storage_unavailable, "the database was lost again and again"});
        return ended.size();
    }

    /// The mark of the batch, read under the shard's lock: the old transaction has ended then.
    Settled settle(Mark const& mark)
    {
        auto const end = steady_clock::now() + settle_time;
        for (auto pause = first_pause; steady_clock::now() < end;
            pause = std::min(pause * 2, longest_pause)) {
            if (connect()) {
                try {
                    return read_mark(mark) >= mark.batch ? Settled::committed : Settled::aborted;
                } catch (ConnectionLost const&) {
                    connection_.reset();
                }
            }
            owner_.queues_.pause(pause);
        }
        log::error("the outcome of a commit stays unknown", {{"shard", mark.shard}});
        return Settled::unknown;
    }

    std::int64_t read_mark(Mark const& mark)
    {
        Arena arena;
        Result batch;
        auto const integer = [](std::int64_t value) { return Param{Type::integer, false, value}; };
        connection_->send(fixed().begin, {});
        connection_->send(
            fixed().lock, encode(std::array{integer(lock_space), integer(mark.shard)}, arena));
        connection_->send(fixed().read_mark,
            encode(
                std::array{Param{Type::uuid, false, 0, 0, as_text(mark.node)}, integer(mark.shard)},
                arena),
            &batch);
        connection_->send(fixed().rollback, {});
        connection_->wait_for(connection_->sync(), steady_clock::now() + settle_time);
        if (auto const refusal = connection_->take_refusal())
            throw ConnectionLost{refusal->message};
        return first_integer(batch.get());
    }

    /// Tells the listener, then the callers: who then asks for what is new finds it announced. The
    /// works are gone after.
    void conclude(std::span<Work* const> works)
    {
        owner_.metrics_.batches.add();
        owner_.metrics_.batch_size.observe(static_cast<double>(works.size()));
        std::vector<Committed> wakes;
        Completions completions;
        for (auto* const work : works) {
            if (work->wakes != 0)
                wakes.push_back({work->workspace(), work->wakes});
            completions.add(*work);
        }
        merge_wakes(wakes);
        owner_.listener_.call(wakes);
        completions.flush();
    }

    /// Each caller has an exception of its own: it may change what it catches.
    void fail(std::span<Work* const> works, Problem const& problem)
    {
        Completions completions;
        for (auto* const work : works) {
            work->error = std::make_exception_ptr(problem);
            completions.add(*work);
        }
    }

    Writers& owner_;
    std::string const name_;
    BatchRunner runner_;
    std::unique_ptr<Connection> connection_;
    bool away_ = false;
};

Writers::Writers(PostgresOptions const& options, Uuid const& node, Statements& statements,
    Clock& clock, DbMetrics const& metrics, CommitListener& listener)
    : options_(options)
    , node_(node)
    , statements_(statements)
    , clock_(clock)
    , metrics_(metrics)
    , listener_(listener)
    , queues_(options.queue_limit, metrics.write_queue, metrics.dropped)
{
}

Writers::~Writers()
{
    close();
}

void Writers::start()
{
    for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.writers); ++i)
        threads_.emplace_back([this, i] {
            pthread_setname_np(pthread_self(), "db-writer");
            Thread{*this, i + 1}.work_off();
        });
}

void Writers::close()
{
    queues_.close();
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

}
