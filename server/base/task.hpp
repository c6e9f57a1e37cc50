#pragma once

#include "base/time.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hermod {

namespace asio = boost::asio;

/// A coroutine of an io thread. The executor is concrete: it does not mix with the default one,
/// and costs half. Await it at once, or hand it to Tasks::spawn.
template <class T = void>
using Task = asio::awaitable<T, asio::io_context::executor_type>;

/// The io threads: one io_context each, with concurrency hint 1; what starts on one stays there.
class IoThreads {
public:
    explicit IoThreads(std::size_t count);
    ~IoThreads();
    IoThreads(IoThreads const&) = delete;
    IoThreads& operator=(IoThreads const&) = delete;

    std::size_t size() const { return contexts_.size(); }
    asio::io_context& at(std::size_t i) { return *contexts_[i]; }
    /// The one for background work of the whole process.
    asio::io_context& main() { return *contexts_.front(); }
    void start();
    /// Ends the loops and joins the threads; what still waits is destroyed with the contexts.
    void stop();

private:
    using Guard = asio::executor_work_guard<asio::io_context::executor_type>;
    std::vector<std::unique_ptr<asio::io_context>> contexts_;
    std::vector<Guard> guards_;
    std::vector<std::thread> threads_;
};

/// An auto-reset event on one io thread with a deadline on the injected clock: the one way
/// background loops wait. A wake before the wait is kept; several are one. May wake early, so
/// look again at what is waited for.
class Wakeup {
public:
    Wakeup(asio::io_context& io, Clock& clock);
    ~Wakeup();
    Wakeup(Wakeup const&) = delete;
    Wakeup& operator=(Wakeup const&) = delete;

    Task<void> wait();
    Task<void> wait_until(Timestamp deadline);
    void wake(); ///< from any thread

private:
    struct State;
    std::shared_ptr<State> state_;
    std::unique_ptr<Clock::Listener> listener_;
    Clock& clock_;
};

/// Waits until the clock passes `deadline`.
Task<void> sleep_until(Clock& clock, Timestamp deadline);

/// Owns what runs beside requests: each task has a name, is counted, and ends before the owner.
/// `stop` cancels what waits (their awaits throw operation_aborted) and returns when all ended;
/// call it from outside the io threads.
class Tasks {
public:
    Tasks();
    ~Tasks();
    Tasks(Tasks const&) = delete;
    Tasks& operator=(Tasks const&) = delete;

    void spawn(asio::io_context& io, std::string name, std::function<Task<void>()> body);
    std::size_t running() const;
    void wait(); ///< until all have ended by themselves
    void stop();

private:
    struct State;
    std::shared_ptr<State> state_;
};

/// Runs `task` to its end on a context of its own thread-less loop: for tests and the command line.
void run_blocking(asio::io_context& io, std::function<Task<void>()> body);

}
