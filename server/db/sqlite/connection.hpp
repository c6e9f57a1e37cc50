#pragma once

#include "db/engine.hpp"
#include "db/tx.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace hermod::db::sqlite {

/// One connection with its prepared statements, for one thread. A statement that fails throws
/// ConstraintViolation, Problem{overloaded} (time is over) or Problem{storage_unavailable}; from
/// then until the end of the λ every further statement throws the same.
class Connection final : public Session {
public:
    enum class Mode { write, read };

    /// Throws OpenFailure.
    Connection(SqliteOptions const& options, Mode mode);
    ~Connection() override;

    void query(Statement const& statement, std::span<Param const> params, RowSink sink) override;
    std::int64_t execute(
        Statement const& statement, std::span<Param const> params, bool count_rows) override;

    /// `BEGIN IMMEDIATE`, `COMMIT` and the like. Throws as a statement does.
    void control(std::string_view sql);
    /// False: SQLite has rolled the transaction back by itself, as a full disk makes it do.
    bool in_transaction() const;

    /// λs that are kept or undone together; a savepoint opens at their first write.
    void begin_group();
    void accept_group();
    void rollback_group();
    void begin_lambda();
    /// Throws what a statement of the λ threw, also where the λ caught it.
    void end_lambda();
    bool lambda_wrote() const { return lambda_wrote_; }
    /// Ends the transaction, if SQLite has not done so.
    void roll_back();

    /// A statement that runs beyond it is interrupted.
    void limit_time(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }

    void script(std::string const& sql); ///< throws OpenFailure
    std::vector<std::vector<std::string>> rows_of(std::string const& sql); ///< throws OpenFailure
    sqlite3* handle() const { return db_.get(); }

private:
    struct Close {
        void operator()(sqlite3* db) const;
        void operator()(sqlite3_stmt* statement) const;
    };
    struct Key {
        void const* sql;
        void const* columns;
        bool operator==(Key const&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(Key const& key) const
        {
            return std::hash<void const*>{}(key.sql) * 31 + std::hash<void const*>{}(key.columns);
        }
    };
    struct Prepared {
        std::string sql; ///< as in Statement
        std::unique_ptr<sqlite3_stmt, Close> statement;
        std::vector<int> positions; ///< of $1…$n; 0: the statement does not use it
        bool writes = false;
    };
    class Running;

    Prepared& prepared(Statement const& statement, std::size_t params);
    Prepared prepare(Statement const& statement, std::size_t params);
    void bind(Prepared const& prepared, std::span<Param const> params);
    void before_write();
    [[noreturn]] void fail(int code, std::string_view sql);
    void report(std::string_view message, std::string_view sql);

    std::unique_ptr<sqlite3, Close> db_;
    Mode mode_;
    bool refuse_scans_;
    std::unordered_map<Key, Prepared, KeyHash> statements_;
    std::exception_ptr failure_; ///< of the λ that runs
    bool lambda_wrote_ = false;
    bool in_group_ = false;
    bool savepoint_ = false;
    std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
    std::chrono::steady_clock::time_point next_report_{};
};

}
