#pragma once

#include "db/column.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace hermod::db {

/// A non-owning reference to a callable.
template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> {
public:
    template <class F>
        requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
    FunctionRef(F&& f) // NOLINT(google-explicit-constructor)
        : object_(const_cast<void*>(static_cast<void const*>(&f)))
        , call_([](void* object, Args... args) -> R {
            return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        })
    {
    }
    R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

private:
    void* object_;
    R (*call_)(void*, Args...);
};

/// A statement: a string literal (its address is its identity, under which it stays prepared)
/// with `$1…$n`, and what `{columns}` in it stands for.
struct Statement {
    std::string_view sql;
    std::string_view columns;
};

using RowSink = FunctionRef<void(Row const&)>;

/// What an engine gives a running λ. Throws Problem{storage_unavailable} when the database fails.
class Session {
public:
    virtual ~Session() = default;
    virtual void query(Statement const& statement, std::span<Param const> params, RowSink sink) = 0;
    /// Runs a write. Where the count is not asked for, the engine need not wait for the database,
    /// so a refused statement may show only at the end of the batch.
    virtual std::int64_t execute(
        Statement const& statement, std::span<Param const> params, bool count_rows) = 0;
    /// The same transaction for the listed global tables. PostgreSQL takes their lock when first
    /// asked; what `Tx::global` hands out goes through here.
    virtual Session& global() { return *this; }
};

/// A row of counters that many λs of a batch change: read once a batch, kept in memory, written
/// back before COMMIT. All columns are integers. The workspace is `$1`, the key `$2`, in both
/// texts.
struct HotTable {
    std::string_view table;
    std::string_view key; ///< the id column
    std::string_view select; ///< `SELECT a, b FROM table WHERE workspace_id = $1 AND key = $2`
    std::string_view
        update; ///< `UPDATE table SET a = $3, b = $4 WHERE workspace_id = $1 AND key = $2`
    int columns; ///< at most 6
};

class HotRows;

class HotRow {
public:
    std::int64_t operator[](int column) const
    {
        if (stale_)
            reload();
        return values_[static_cast<std::size_t>(column)];
    }
    void set(int column, std::int64_t value);

private:
    friend class HotRows;
    explicit HotRow(HotRows& owner) : owner_(&owner) { }
    void reload() const;

    HotRows* owner_;
    std::array<std::int64_t, 6> values_{};
    bool dirty_ = false; ///< not yet written back
    bool stale_ = true; ///< not yet read, or perhaps changed behind the cache
};

/// What to wake after the commit.
enum class Wake : std::uint8_t { log = 1, jobs = 2, access = 4, accounts = 8, webhooks = 16 };

/// The listed global tables, which belong to no workspace. No `$1` is bound by itself.
class GlobalTx {
public:
    explicit GlobalTx(Session& session, Timestamp now) : session_(&session), now_(now) { }

    Timestamp now() const { return now_; }

    template <class... Args>
    void run(std::string_view sql, Args const&... args)
    {
        std::array<Param, sizeof...(Args)> const params{Column<Args>::to(args)...};
        session_->execute({sql, {}}, params, false);
    }

    /// How many rows the write touched.
    template <class... Args>
    std::int64_t run_counted(std::string_view sql, Args const&... args)
    {
        std::array<Param, sizeof...(Args)> const params{Column<Args>::to(args)...};
        return session_->execute({sql, {}}, params, true);
    }

    template <class T, class... Args>
    std::vector<T> all(std::string_view sql, Args const&... args) const
    {
        std::array<Param, sizeof...(Args)> const params{Column<Args>::to(args)...};
        std::vector<T> rows;
        session_->query({sql, columns_of<T>()}, params,
            [&](Row const& row) { rows.push_back(from_row<T>(row)); });
        return rows;
    }

    template <class T, class... Args>
    std::optional<T> one(std::string_view sql, Args const&... args) const
    {
        std::array<Param, sizeof...(Args)> const params{Column<Args>::to(args)...};
        std::optional<T> found;
        session_->query(
            {sql, columns_of<T>()}, params, [&](Row const& row) { found = from_row<T>(row); });
        return found;
    }

private:
    Session* session_;
    Timestamp now_;
};

/// One workspace's transaction. `$1` of every statement is the workspace; the arguments are `$2…`.
/// A λ that throws leaves nothing behind; it may run twice, so it acts only through its Tx.
class Tx {
public:
    Tx(Session& session, HotRows& hot_rows, WorkspaceId workspace, Timestamp now)
        : session_(&session), hot_rows_(&hot_rows), workspace_(workspace), now_(now)
    {
    }

    WorkspaceId const& workspace() const { return workspace_; }
    Timestamp now() const { return now_; }

    template <class... Args>
    void run(std::string_view sql, Args const&... args)
    {
        execute({sql, {}}, bind(args...), false);
    }

    template <class... Args>
    std::int64_t run_counted(std::string_view sql, Args const&... args)
    {
        return execute({sql, {}}, bind(args...), true);
    }

    template <class T, class... Args>
    std::vector<T> all(std::string_view sql, Args const&... args) const
    {
        std::vector<T> rows;
        query({sql, columns_of<T>()}, bind(args...),
            [&](Row const& row) { rows.push_back(from_row<T>(row)); });
        return rows;
    }

    template <class T, class... Args>
    std::optional<T> one(std::string_view sql, Args const&... args) const
    {
        std::optional<T> found;
        query({sql, columns_of<T>()}, bind(args...),
            [&](Row const& row) { found = from_row<T>(row); });
        return found;
    }

    /// The hot row of `key`, or nothing where there is no such row. The reference lives as long as
    /// the λ. Other statements that name the table see what was set.
    HotRow* find_hot(HotTable const& table, Uuid const& key);
    /// Tells the batch of a row that this λ has just inserted with these values, so that it need
    /// not be read.
    HotRow& insert_hot(
        HotTable const& table, Uuid const& key, std::span<std::int64_t const> values);

    /// The global tables, in the same transaction.
    GlobalTx global() { return GlobalTx{global_session(), now_}; }

    void wake(Wake channel) { wakes_ |= static_cast<std::uint8_t>(channel); }
    std::uint8_t wakes() const { return wakes_; }

private:
    template <class... Args>
    std::array<Param, sizeof...(Args) + 1> bind(Args const&... args) const
    {
        return {Column<WorkspaceId>::to(workspace_), Column<Args>::to(args)...};
    }

    void query(Statement const& statement, std::span<Param const> params, RowSink sink) const;
    std::int64_t execute(
        Statement const& statement, std::span<Param const> params, bool count_rows);
    Session& global_session();

    Session* session_;
    HotRows* hot_rows_;
    WorkspaceId workspace_;
    Timestamp now_;
    std::uint8_t wakes_ = 0;
};

}
