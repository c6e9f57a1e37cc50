#include "db/postgres/readers.hpp"

#include "base/log.hpp"
#include "db/postgres/batch_session.hpp"
#include "db/postgres/fixed_statements.hpp"
#include "db/postgres/open_session.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <optional>

namespace hermod::db::postgres {

using std::chrono::steady_clock;

static constexpr seconds time_limit{2};
// The server ends a statement at the limit; a server that does not answer then is gone.
static constexpr seconds grace{3};
static constexpr int tries_at_all = 3;
static constexpr milliseconds first_pause{50};
static constexpr milliseconds longest_pause{2000};

namespace {
class ReadSession final : public Session {
public:
    explicit ReadSession(Statements& statements) : statements_(statements) { }

    void begin(Connection& connection, WorkspaceId const& workspace, bool is_system)
    {
        connection_ = &connection;
        workspace_ = workspace;
        is_system_ = is_system;
        began_ = false;
        end_ = steady_clock::now() + time_limit;
        problem_.reset();
    }

    /// Ends the transaction without waiting.
    void end()
    {
        arena_.release();
        if (!began_)
            return;
        if (connection_->refusal())
            connection_->sync(); // up to here the server skips everything
        connection_->send_quietly(fixed().rollback, {});
        connection_->sync();
        connection_->push();
        // Answers that belong to nobody any more: the refusal was told, or will be.
        connection_->take_refusal();
    }

    void check_failed() const
    {
        if (connection_->is_lost())
            throw ConnectionLost{"the connection to the database was lost"};
        if (problem_)
            throw Problem{*problem_};
    }

    void query(Statement const& statement, std::span<Param const> params, RowSink sink) override
    {
        check_failed();
        auto const result = ask(statements_.find(statement, params), params);
        for_each_row(result.get(), sink);
    }

    std::int64_t execute(Statement const&, std::span<Param const>, bool) override
    {
        throw std::logic_error{"a read wrote"};
    }

private:
    Result ask(Prepared const& statement, std::span<Param const> params)
    {
        if (steady_clock::now() >= end_)
            fail(Problem{Errc::overloaded, "a read took longer than it may"});
        if (!std::exchange(began_, true)) {
            connection_->send(fixed().begin_read, {});
            if (!is_system_)
                connection_->send(fixed().set_workspace,
                    encode(std::array{Param{Type::uuid, false, 0, 0, as_text(workspace_.bytes())}},
                        arena_));
        }
        Result result;
        auto const ticket = connection_->send(statement, encode(params, arena_), &result);
        connection_->request_flush();
        connection_->wait_for(ticket, end_ + grace);
        if (auto const& refusal = connection_->refusal()) {
            log::error("the database refused a read",
                {{"sqlstate", refusal->sqlstate}, {"error", refusal->message}});
            if (refusal->sqlstate == "57014")
                fail(Problem{Errc::overloaded, "a read took longer than it may"});
            auto const passing = refusal->is_passing();
            fail(Problem{passing ? Errc::storage_unavailable : Errc::internal,
                "the database refused a read"});
        }
        return result;
    }

    [[noreturn]] void fail(Problem problem)
    {
        problem_ = std::move(problem);
        throw Problem{*problem_};
    }

    StatementCache statements_;
    Connection* connection_ = nullptr;
    WorkspaceId workspace_{};
    bool is_system_ = false;
    bool began_ = false;
    Connection::Deadline end_{};
    std::optional<Problem> problem_{};
    Arena arena_;
};
}

/// One thread that reads.
class Readers::Thread {
public:
    Thread(Readers& owner, std::size_t index)
        : owner_(owner)
        , name_(fmt::format("hermod reader {}", index))
        , session_(owner.statements_)
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
