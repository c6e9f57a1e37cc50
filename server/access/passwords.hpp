#pragma once

#include "base/side_thread.hpp"

#include <atomic>
#include <cstddef>
#include <string>

namespace hermod::access {

/// Argon2id on a thread of its own, one at a time: it takes 64 MiB and tens of milliseconds, which
/// no io or database thread has. At most 32 wait; then it throws overloaded.
class PasswordThread {
public:
    static constexpr std::size_t max_queued = 32;

    explicit PasswordThread(Clock& clock) : thread_(max_queued, clock) { }

    Task<std::string> hash(std::string password);
    /// An empty hash (no such login) is never right, and takes as long to find out.
    Task<bool> verify(std::string hash, std::string password);
    /// How many passwords were hashed or verified so far.
    std::size_t done() const { return done_.load(); }
    /// Finishes what is queued and ends the thread. Before any io_context dies.
    void close() { thread_.close(); }

private:
    std::atomic<std::size_t> done_ = 0;
    SideThread thread_;
};

}
