#include "base/task.hpp"

#include "base/errors.hpp"
#include "base/log.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <condition_variable>
#include <list>
#include <mutex>

namespace hermod {

using Executor = asio::io_context::executor_type;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
    asio::wait_traits<std::chrono::steady_clock>, Executor>;
static constexpr asio::use_awaitable_t<Executor> use_task;

IoThreads::IoThreads(std::size_t count)
{
    for (std::size_t i = 0; i < count; ++i) {
        contexts_.push_back(std::make_unique<asio::io_context>(1));
        guards_.emplace_back(contexts_.back()->get_executor());
    }
}

IoThreads::~IoThreads()
{
    stop();
}

void IoThreads::start()
{
    for (auto& context : contexts_)
        threads_.emplace_back([&context] { context->run(); });
}

void IoThreads::stop()
{
    for (auto& context : contexts_)
        context->stop();
    for (auto& thread : threads_)
        thread.join();
    threads_.clear();
}

struct Wakeup::State {
    explicit State(asio::io_context& context) : io(context), timer(context.get_executor()) { }
    asio::io_context& io;
    Timer timer;
    bool signalled = false; // touched on the io thread alone
};

Wakeup::Wakeup(asio::io_context& io, Clock& clock)
    : state_(std::make_shared<State>(io))
    , listener_(std::make_unique<Clock::Listener>(clock, [this] { wake(); }))
    , clock_(clock)
{
}

Wakeup::~Wakeup() = default;

void Wakeup::wake()
{
    asio::post(state_->io, [state = state_] {
        state->signalled = true;
        state->timer.cancel();
    });
}

Task<void> Wakeup::wait()
{
    co_await wait_until(Timestamp{std::numeric_limits<std::int64_t>::max() / 2});
}

Task<void> Wakeup::wait_until(Timestamp deadline)
{
    auto const state = state_;
    auto const left = deadline - clock_.now();
    if (!state->signalled && left > microseconds{0}) {
        state->timer.expires_after(std::min<microseconds>(left, std::chrono::hours{24}));
        co_await state->timer.async_wait(asio::as_tuple(use_task));
        auto const cancelled = co_await asio::this_coro::cancellation_state;
        if (cancelled.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error{asio::error::operation_aborted};
    }
    state->signalled = false;
}

Task<void> sleep_until(Clock& clock, Timestamp deadline)
{
    auto const executor = co_await asio::this_coro::executor;
    Wakeup wakeup{executor.context(), clock};
    while (clock.now() < deadline)
        co_await wakeup.wait_until(deadline);
}

struct Tasks::State {
    struct Entry {
        asio::io_context* io;
        std::string name;
        asio::cancellation_signal cancel;
    };

    std::mutex mutex;
    std::condition_variable ended;
    std::list<std::shared_ptr<Entry>> entries;
    bool stopping = false;
};

Tasks::Tasks() : state_(std::make_shared<State>()) { }

Tasks::~Tasks()
{
    HERMOD_CHECK(running() == 0);
}

std::size_t Tasks::running() const
{
    std::lock_guard const lock{state_->mutex};
    return state_->entries.size();
}

static void report_end(std::string const& name, std::exception_ptr error)
{
    try {
        if (error)
            std::rethrow_exception(error);
    } catch (boost::system::system_error const& e) {
        if (e.code() != asio::error::operation_aborted)
            log::error("background task failed", {{"task", name}, {"error", e.what()}});
    } catch (std::exception const& e) {
        log::error("background task failed", {{"task", name}, {"error", e.what()}});
    }
}

void Tasks::spawn(asio::io_context& io, std::string name, std::function<Task<void>()> body)
{
    auto const entry = std::make_shared<State::Entry>(&io, std::move(name));
    {
        std::lock_guard const lock{state_->mutex};
        if (state_->stopping)
            return;
        state_->entries.push_back(entry);
    }
    asio::post(io, [state = state_, entry, body = std::move(body)]() mutable {
        auto run = [](std::function<Task<void>()> work) -> Task<void> { co_await work(); };
        asio::co_spawn(entry->io->get_executor(), run(std::move(body)),
            asio::bind_cancellation_slot(
                entry->cancel.slot(), [state, entry](std::exception_ptr error) {
                    report_end(entry->name, error);
                    std::lock_guard const lock{state->mutex};
                    state->entries.remove(entry);
                    state->ended.notify_all();
                }));
    });
}

void Tasks::wait()
{
    std::unique_lock lock{state_->mutex};
    state_->ended.wait(lock, [this] { return state_->entries.empty(); });
}

void Tasks::stop()
{
    std::unique_lock lock{state_->mutex};
    state_->stopping = true;
    for (auto const& entry : state_->entries)
        asio::post(*entry->io, [entry] { entry->cancel.emit(asio::cancellation_type::terminal); });
    state_->ended.wait(lock, [this] { return state_->entries.empty(); });
}

void run_blocking(asio::io_context& io, std::function<Task<void>()> body)
{
    std::exception_ptr failure;
    bool done = false;
    asio::co_spawn(io.get_executor(), body(), [&](std::exception_ptr error) {
        failure = error;
        done = true;
        io.stop();
    });
    while (!done) {
        io.restart();
        auto const guard = asio::make_work_guard(io);
        io.run();
    }
    io.restart();
    if (failure)
        std::rethrow_exception(failure);
}

}
