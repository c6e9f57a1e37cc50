#include "db/postgres/readers.hpp"

#include "base/log.hpp"
#include "db/hot_rows.hpp"
#include "db/postgres/open_session.hpp"
#include "db/postgres/read_session.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <optional>

namespace hermod::db::postgres {

using std::chrono::steady_clock;

static constexpr seconds time_limit{2};
static constexpr int tries_at_all = 3;
static constexpr milliseconds first_pause{50};
static constexpr milliseconds longest_pause{2000};

/// One thread that reads.
class Readers::Thread {
public:
    Thread(Readers& owner, std::size_t index)
        : owner_(owner)
        , name_(fmt::format("hermod reader {}", index))
        , session_(owner.statements_, time_limit)
        , hot_rows_(session_)
    {
    }

    void work_off()
    {
        std::vector<Work*> taken;
        while (!owner_.queue_.finished()) {
            taken.clear();
            if (!owner_.queue_.take(taken, 1))
                continue;
            auto& work = *taken.front();
            auto const started = steady_clock::now();
            perform(work);
            auto const took = std::chrono::duration<double>{steady_clock::now() - started};
            owner_.metrics_.read_seconds.observe(took.count());
            Completions{}.add(work);
        }
    }

private:
    void perform(Work& work)
    {
        if (connection_ && !connection_->is_alive())
            connection_.reset();
        for (int i = 0; i < tries_at_all; ++i) {
            if (!connect_before(work.deadline()))
                break;
            if (try_once(work))
                return;
            connection_.reset();
            owner_.metrics_.reruns.add();
        }
        work.error = std::make_exception_ptr(
            Problem{Errc::storage_unavailable, "the database cannot be reached"});
    }

    /// False: the connection was lost.
    bool try_once(Work& work)
    {
        work.error = nullptr;
        session_.begin(*connection_, work.workspace(), work.is_system());
        try {
            work.run(session_, hot_rows_, owner_.clock_.now());
            session_.check_failed();
        } catch (ConnectionLost const&) {
            return false;
        } catch (...) {
            if (connection_->is_lost())
                return false;
            work.error = std::current_exception();
        }
        hot_rows_.clear();
        try {
            session_.end();
        } catch (ConnectionLost const&) {
            connection_.reset(); // the λ has its answer
        }
        return true;
    }

    bool connect_before(Work::Time deadline)
    {
        for (auto pause = first_pause; !connection_; pause = std::min(pause * 2, longest_pause)) {
            try {
                connection_ = open_session(owner_.options_.url, name_, Use::read, owner_.never_);
            } catch (std::exception const& failure) {
                if (!std::exchange(away_, true))
                    log::error("the database cannot be reached",
                        {{"connection", name_}, {"error", failure.what()}});
                if (owner_.queue_.is_closed() || steady_clock::now() + pause >= deadline)
                    return false;
                std::this_thread::sleep_for(pause);
                continue;
            }
            if (std::exchange(away_, false))
                log::info("the database is back", {{"connection", name_}});
        }
        return true;
    }

    Readers& owner_;
    std::string const name_;
    ReadSession session_;
    HotRows hot_rows_;
    std::unique_ptr<Connection> connection_;
    bool away_ = false;
};

Readers::Readers(
    PostgresOptions const& options, Statements& statements, Clock& clock, DbMetrics const& metrics)
    : options_(options)
    , statements_(statements)
    , clock_(clock)
    , metrics_(metrics)
    , queue_(options.queue_limit, metrics.read_queue, metrics.dropped)
{
}

Readers::~Readers()
{
    close();
}

void Readers::start()
{
    auto const cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
    auto const count = options_.readers > 0 ? options_.readers : cores;
    for (std::size_t i = 0; i < count; ++i)
        threads_.emplace_back([this, i] {
            pthread_setname_np(pthread_self(), "db-reader");
            Thread{*this, i + 1}.work_off();
        });
}

void Readers::close()
{
    queue_.close();
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

}
