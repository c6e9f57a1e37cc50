#pragma once

#include "base/task.hpp"
#include "db/tx.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace hermod::db {

enum class Engine { sqlite, postgres };

constexpr int shard_count = 64;
/// Fixed in the database: 0 to 63, from the workspace's id.
int shard_of(WorkspaceId const& workspace);

/// What a commit left to be looked at: `wakes` is a set of Wake bits.
struct Committed {
    WorkspaceId workspace;
    std::uint8_t wakes;
};

struct Patience {
    /// A λ still queued after this long is dropped and its caller gets 503 `overloaded`.
    milliseconds queued = seconds{10};
};

class System;

/// The database of this process. `write` and `read` are the doors; each runs its λ as one
/// transaction on a database thread and resumes the caller on its own io thread after the commit.
/// Once started a λ cannot be cancelled: the coroutine waits for it.
/// Use as `co_return co_await db.write(…)`; without co_await the λ would dangle.
class Database {
public:
    virtual ~Database() = default;

    /// λ(Tx&). Any exception it throws undoes it alone and is rethrown here.
    template <class F>
    Task<std::invoke_result_t<F&, Tx&>> write(
        WorkspaceId workspace, F&& body, Patience patience = {})
    {
        return run<std::invoke_result_t<F&, Tx&>, Tx>(
            [this, workspace, patience](
                Body wrapped) { return submit_write(workspace, wrapped, patience); },
            body);
    }

    /// λ(Tx const&) on a snapshot; at most 2 s.
    template <class F>
    Task<std::invoke_result_t<F&, Tx const&>> read(
        WorkspaceId workspace, F&& body, Patience patience = {})
    {
        return run<std::invoke_result_t<F&, Tx const&>, Tx>(
            [this, workspace, patience](
                Body wrapped) { return submit_read(workspace, wrapped, patience); },
            body);
    }

    /// The listed global tables: logins, sessions, memberships, credentials, leases, migrations.
    System system();

    virtual Engine engine() const = 0;
    /// Called on a database thread after each commit that woke something, of this process or
    /// another. Set before the first write; wakes may be lost between processes.
    virtual void on_commit(std::function<void(std::span<Committed const>)> listener) = 0;
    /// Wall-clock of the transaction timestamps.
    virtual Clock& clock() = 0;
    /// Refuses new work, finishes what is queued, joins the threads. Before any io_context dies.
    virtual void close() = 0;
    /// Throws Problem{storage_unavailable} where the database does not answer.
    virtual Task<void> ping() = 0;

protected:
    friend class System;
    using Body = FunctionRef<void(Tx&)>;
    using GlobalBody = FunctionRef<void(GlobalTx&)>;
    virtual Task<void> submit_write(WorkspaceId workspace, Body body, Patience patience) = 0;
    virtual Task<void> submit_read(WorkspaceId workspace, Body body, Patience patience) = 0;
    virtual Task<void> submit_system(GlobalBody body, bool write, Patience patience) = 0;

private:
    template <class R, class T, class Submit, class F>
    static Task<R> run(Submit submit, F& body)
    {
        if constexpr (std::is_void_v<R>) {
            auto wrapped = [&](T& tx) { body(tx); };
            FunctionRef<void(T&)> const reference{wrapped};
            co_await submit(reference);
        } else {
            std::optional<R> result;
            auto wrapped = [&](T& tx) { result.emplace(body(tx)); };
            FunctionRef<void(T&)> const reference{wrapped};
            co_await submit(reference);
            co_return *std::move(result);
        }
    }
    friend class System;
};

/// The door to the global tables. Touches no tenant row.
class System {
public:
    explicit System(Database& database) : database_(&database) { }

    template <class F>
    Task<std::invoke_result_t<F&, GlobalTx&>> write(F&& body, Patience patience = {})
    {
        return Database::run<std::invoke_result_t<F&, GlobalTx&>, GlobalTx>(
            [database = database_, patience](Database::GlobalBody wrapped) {
                return database->submit_system(wrapped, true, patience);
            },
            body);
    }

    template <class F>
    Task<std::invoke_result_t<F&, GlobalTx const&>> read(F&& body, Patience patience = {})
    {
        return Database::run<std::invoke_result_t<F&, GlobalTx const&>, GlobalTx>(
            [database = database_, patience](Database::GlobalBody wrapped) {
                return database->submit_system(wrapped, false, patience);
            },
            body);
    }

private:
    Database* database_;
};

inline System Database::system()
{
    return System{*this};
}

}
