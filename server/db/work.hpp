#pragma once

#include "base/task.hpp"
#include "db/database.hpp"
#include "db/hot_rows.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <utility>
#include <vector>

namespace hermod::db {

/// Resumes a coroutine with its outcome; called on its io thread, or destroyed there unrun.
using Resume = std::move_only_function<void(std::exception_ptr)>;

/// A λ on its way through a database thread. Lives in the frame of the coroutine that waits for it:
/// gone as soon as it is completed.
class Work {
public:
    /// The machine's monotonic clock: a test that moves the injected clock must not make the work
    /// under way overdue.
    using Time = std::chrono::steady_clock::time_point;

    Work(WorkspaceId const& workspace, FunctionRef<void(Tx&)> const& body, Patience patience)
        : Work(workspace, &body, nullptr, patience)
    {
    }
    Work(FunctionRef<void(GlobalTx&)> const& body, Patience patience)
        : Work(WorkspaceId{}, nullptr, &body, patience)
    {
    }

    bool is_system() const { return global_body_ != nullptr; }
    WorkspaceId const& workspace() const { return workspace_; } ///< nil for the system's
    Time deadline() const { return deadline_; }

    /// Runs the λ; its wakes are in `wakes` after. Throws what the λ throws.
    void run(Session& session, HotRows& hot_rows, Timestamp now);

    std::uint8_t wakes = 0;
    std::exception_ptr error{}; ///< of the last run; null: the λ did well
    int tries = 0; ///< batches that were lost with it, through no fault that is known

private:
    friend class Completions;
    friend class RoundRobin;
    friend Task<void> perform(Work& work, FunctionRef<std::optional<Errc>(Work&)> enqueue);

    Work(WorkspaceId const& workspace, FunctionRef<void(Tx&)> const* body,
        FunctionRef<void(GlobalTx&)> const* global_body, Patience patience);

    WorkspaceId workspace_;
    FunctionRef<void(Tx&)> const* body_;
    FunctionRef<void(GlobalTx&)> const* global_body_;
    Time deadline_;
    asio::io_context* io_ = nullptr;
    Resume resume_{};
    Work* next_ = nullptr; ///< in its workspace's queue
};

/// Suspends the caller, hands the work to `enqueue` and resumes the caller on its own io thread
/// when the work is completed. `enqueue` may refuse with a code, and then has not kept the work.
Task<void> perform(Work& work, FunctionRef<std::optional<Errc>(Work&)> enqueue);

/// Ends works, with one post per io_context and flush.
class Completions {
public:
    /// With work.error. The work lives until the next flush.
    void add(Work& work);
    void flush();
    ~Completions() { flush(); }

private:
    using Outcome = std::pair<Resume, std::exception_ptr>;
    std::vector<std::pair<asio::io_context*, std::vector<Outcome>>> by_context_;
};

/// What a batch's λs asked to wake, one entry per workspace.
void merge_wakes(std::vector<Committed>& wakes);

}
