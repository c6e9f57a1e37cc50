#include "base/side_thread.hpp"

#include "base/errors.hpp"

#include <boost/asio/this_coro.hpp>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace hermod {

struct Job {
    Job(std::function<void()> body, asio::io_context& io, Clock& clock)
        : work(std::move(body)), finished(io, clock)
    {
    }
    std::function<void()> work;
    std::exception_ptr error;
    std::atomic<bool> done = false;
    Wakeup finished;
};

struct SideThread::State {
    State(std::size_t limit, Clock& time) : capacity(limit), clock(time) { }

    void loop();

    std::size_t const capacity;
    Clock& clock;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::shared_ptr<Job>> queue;
    bool closed = false;
    std::thread thread;
};

void SideThread::State::loop()
{
    for (;;) {
        std::shared_ptr<Job> job;
        {
            std::unique_lock lock{mutex};
            changed.wait(lock, [this] { return closed || !queue.empty(); });
            if (queue.empty())
                return;
            job = std::move(queue.front());
            queue.pop_front();
        }
        try {
            job->work();
        } catch (...) {
            job->error = std::current_exception();
        }
        job->done = true;
        job->finished.wake();
    }
}

SideThread::SideThread(std::size_t capacity, Clock& clock)
    : state_(std::make_unique<State>(capacity, clock))
{
    state_->thread = std::thread{[state = state_.get()] { state->loop(); }};
}

SideThread::~SideThread()
{
    close();
}

Task<void> SideThread::run(std::function<void()> work)
{
    auto const executor = co_await asio::this_coro::executor;
    auto const job = std::make_shared<Job>(std::move(work), executor.context(), state_->clock);
    {
        std::lock_guard const lock{state_->mutex};
        if (state_->closed)
            throw Problem{Errc::draining};
        if (state_->queue.size() >= state_->capacity)
            throw Problem{Errc::overloaded};
        state_->queue.push_back(job);
    }
    state_->changed.notify_one();
    while (!job->done)
        co_await job->finished.wait();
    if (job->error)
        std::rethrow_exception(job->error);
}

void SideThread::close()
{
    {
        std::lock_guard const lock{state_->mutex};
        state_->closed = true;
    }
    state_->changed.notify_one();
    if (state_->thread.joinable())
        state_->thread.join();
}

}
