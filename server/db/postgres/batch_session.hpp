#pragma once

#include "db/postgres/connection.hpp"
#include "db/postgres/read_cache.hpp"
#include "db/postgres/statement.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace hermod::db::postgres {

/// The database refused a statement of the batch, and its transaction with it. Not a
/// std::exception, so that no λ catches it by its type.
struct BatchRefused { };

/// A λ has been scouted as far as it can be.
struct ScoutEnd { };

enum class Domain : std::uint8_t { tenant, global };

/// Fixed ids of the advisory locks: (lock_space, 0…63) the shards, (lock_space, 64) the global
/// tables, (lock_space, 65) the migrator.
inline constexpr std::int64_t lock_space = 0x4865726d;
inline constexpr int global_shard = 64;
inline constexpr int migration_lock = 65;

/// The transaction of a batch: what both of its passes share.
class BatchTransaction {
public:
    explicit BatchTransaction(Statements& statements) : statements_(statements) { }

    /// Begins on `connection`, takes the shard's lock, waits for nothing.
    void begin(Connection& connection, int shard);
    void clear();

    struct Bound {
        Prepared const& statement;
        Encoded params;
    };
    Bound bind(Statement const& statement, std::span<Param const> params);

    /// Statements of the domain run after this as they must: the workspace set for the row-level
    /// policies, or the lock of the global tables taken.
    void enter(Domain domain, WorkspaceId const& workspace);
    Connection::Ticket send(Prepared const& statement, Encoded const& params, Result* into = {});
    Connection::Ticket send(Prepared const& statement, std::span<Param const> params = {});
    /// Waits for the answer of `ticket`; throws BatchRefused where anything was refused.
    void wait_for(Connection::Ticket ticket);

    void open_savepoint();
    void release_savepoint();
    void rollback_to_savepoint();

    Connection& connection() { return *connection_; }
    WriteLog& writes() { return writes_; }
    ReadCache& reads() { return reads_; }

private:
    StatementCache statements_;
    Connection* connection_ = nullptr;
    std::array<std::byte, 64 * 1024> first_memory_;
    Arena arena_{first_memory_.data(), first_memory_.size()};
    WriteLog writes_;
    ReadCache reads_{writes_};
    std::optional<WorkspaceId> workspace_; ///< set in the transaction
    bool has_global_lock_ = false;
    bool had_global_lock_ = false; ///< when the savepoint was opened
    std::size_t unpushed_ = 0;
};

/// The part of Session that takes the global tables' statements to the same owner.
template <class Owner>
class GlobalFace final : public Session {
public:
    explicit GlobalFace(Owner& owner) : owner_(owner) { }

    void query(Statement const& statement, std::span<Param const> params, RowSink sink) override
    {
        owner_.query_in(Domain::global, statement, params, sink);
    }

    std::int64_t execute(
        Statement const& statement, std::span<Param const> params, bool count_rows) override
    {
        return owner_.execute_in(Domain::global, statement, params, count_rows);
    }

private:
    Owner& owner_;
};

/// The session of the λs that count. A λ's writes stay here until it ends well or reads what they
/// may have changed; only then is a savepoint needed.
class LiveSession final : public Session {
public:
    explicit LiveSession(BatchTransaction& transaction) : transaction_(transaction) { }

    struct Mode {
        bool alone; ///< one λ in its own transaction: no savepoints, refusals are its own
        bool caches;
    };
    void begin_batch(Mode mode);
    void begin_lambda(Domain domain, WorkspaceId const& workspace);
    void accept_lambda();
    void rollback_lambda();
    /// Whether the batch has anything to commit.
    bool has_written() const { return has_written_; }
    /// Throws what the λ must not have survived.
    void check_refused() const;

    void query(Statement const& statement, std::span<Param const> params, RowSink sink) override
    {
        query_in(domain_, statement, params, sink);
    }
    std::int64_t execute(
        Statement const& statement, std::span<Param const> params, bool count_rows) override
    {
        return execute_in(domain_, statement, params, count_rows);
    }
    Session& global() override { return global_; }

    void query_in(
        Domain domain, Statement const& statement, std::span<Param const> params, RowSink sink);
    std::int64_t execute_in(
        Domain domain, Statement const& statement, std::span<Param const> params, bool count_rows);

private:
    struct Held {
        Domain domain;
        Prepared const* statement;
        Encoded params;
    };
    Result ask(Domain domain, BatchTransaction::Bound const& bound);
    void wait_for(Connection::Ticket ticket);
    void note_write(BatchTransaction::Bound const& bound);
    Result ask_write(Domain domain, BatchTransaction::Bound const& bound);
    void need_savepoint();
    void send_held(bool for_good);

    BatchTransaction& transaction_;
    GlobalFace<LiveSession> global_{*this};
    Mode mode_{};
    Domain domain_ = Domain::tenant;
    WorkspaceId workspace_{};
    std::vector<Held> held_;
    WriteLog::Position began_at_ = 0;
    bool lambda_wrote_ = false;
    bool savepoint_ = false;
    bool has_written_ = false;
    bool refused_ = false;
};

/// The session of the pass that only finds out what λs will read: it answers from the cache or
/// asks ahead and gives up; its writes are none. A λ here sees what it would see if it were the
/// first of the batch, and is given up where it would read what it wrote.
class ScoutSession final : public Session {
public:
    explicit ScoutSession(BatchTransaction& transaction) : transaction_(transaction) { }

    void begin_lambda(Domain domain, WorkspaceId const& workspace);
    /// Whether the λ waits for an answer: scouting it again leads further.
    bool waits() const { return waits_; }
    /// Of what was asked ahead last, by any λ.
    std::optional<Connection::Ticket> take_last_ticket()
    {
        return std::exchange(last_ticket_, std::nullopt);
    }

    void query(Statement const& statement, std::span<Param const> params, RowSink sink) override
    {
        query_in(domain_, statement, params, sink);
    }
    std::int64_t execute(
        Statement const& statement, std::span<Param const> params, bool count_rows) override
    {
        return execute_in(domain_, statement, params, count_rows);
    }
    Session& global() override { return global_; }

    void query_in(
        Domain domain, Statement const& statement, std::span<Param const> params, RowSink sink);
    std::int64_t execute_in(
        Domain domain, Statement const& statement, std::span<Param const> params, bool count_rows);

private:
    [[noreturn]] void end();

    BatchTransaction& transaction_;
    GlobalFace<ScoutSession> global_{*this};
    Domain domain_ = Domain::tenant;
    WorkspaceId workspace_{};
    WriteLog own_writes_;
    bool ended_ = false;
    bool waits_ = false;
    std::optional<Connection::Ticket> last_ticket_;
};

/// What a λ is told when the database refused its statement.
[[noreturn]] void throw_refusal(Refusal const& refusal);
std::exception_ptr to_exception(Refusal const& refusal);

}
