#pragma once

#include "base/task.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace hermod {

/// One thread for work too long for an io or database thread, done one by one in the order it came.
class SideThread {
public:
    /// At most `capacity` wait besides the one at work.
    SideThread(std::size_t capacity, Clock& clock);
    ~SideThread();
    SideThread(SideThread const&) = delete;
    SideThread& operator=(SideThread const&) = delete;

    /// Runs `work` there, then goes on here. Throws overloaded where the queue is full, draining
    /// once closed, and what `work` throws. The waiting can be cancelled, the work cannot: it owns
    /// what it uses.
    Task<void> run(std::function<void()> work);
    /// Finishes what is queued and joins the thread. Before any io_context dies.
    void close();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}
