#include "db/sqlite/connection.hpp"

#include "base/log.hpp"
#include "db/failures.hpp"
#include "db/global_tables.hpp"
#include "db/sqlite/plan.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <mutex>
#include <utility>

namespace hermod::db::sqlite {

void Connection::Close::operator()(sqlite3* db) const
{
    sqlite3_close_v2(db);
}

void Connection::Close::operator()(sqlite3_stmt* statement) const
{
    sqlite3_finalize(statement);
}

/// A statement under way; leaves it ready for its next use.
class Connection::Running final : public Row {
public:
    explicit Running(sqlite3_stmt* statement) : statement_(statement) { }
    ~Running() override { sqlite3_reset(statement_); }
    Running(Running const&) = delete;
    Running& operator=(Running const&) = delete;

    bool is_null(int column) const override
    {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    std::int64_t integer(int column) const override
    {
        return sqlite3_column_int64(statement_, column);
    }
    double real(int column) const override { return sqlite3_column_double(statement_, column); }
    std::string_view bytes(int column) const override
    {
        // For text too: sqlite3_column_blob does not convert and gives the same bytes.
        auto const* const data = sqlite3_column_blob(statement_, column);
        auto const size = sqlite3_column_bytes(statement_, column);
        return {static_cast<char const*>(data), static_cast<std::size_t>(size)};
    }

private:
    sqlite3_stmt* statement_;
};

/// Before the library is first used. Debian's build locks for sharing connections between threads
/// and counts memory, neither of which is wanted here: a fifth of the time of a write.
static void configure_once()
{
    static std::once_flag once;
    std::call_once(once, [] {
        sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
        sqlite3_initialize();
    });
}

static std::string tuning(SqliteOptions const& options, Connection::Mode mode)
{
    auto pragmas = fmt::format("PRAGMA synchronous = {};"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA temp_store = MEMORY;",
        options.synchronous ? "FULL" : "OFF");
    if (mode == Connection::Mode::read)
        return pragmas + "PRAGMA query_only = ON; PRAGMA cache_size = -16384;";
    pragmas += "PRAGMA wal_autocheckpoint = 0;"
               "PRAGMA journal_size_limit = 67108864;"
               "PRAGMA secure_delete = OFF;"
               "PRAGMA cache_size = -65536;";
    if (options.max_pages > 0)
        pragmas += fmt::format("PRAGMA max_page_count = {};", options.max_pages);
    return pragmas;
}

static int stop_when_late(void* deadline)
{
    using Time = std::chrono::steady_clock::time_point;
    return std::chrono::steady_clock::now() > *static_cast<Time const*>(deadline) ? 1 : 0;
}

Connection::Connection(SqliteOptions const& options, Mode mode)
    : mode_(mode), refuse_scans_(options.refuse_scans)
{
    configure_once();
    auto const flags = SQLITE_OPEN_NOMUTEX
        | (mode == Mode::write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    sqlite3* db = nullptr;
    auto const opened = sqlite3_open_v2(options.path.c_str(), &db, flags, nullptr);
    db_.reset(db);
    if (opened != SQLITE_OK)
        throw OpenFailure{fmt::format("cannot open the database {}: {}", options.path,
            db ? sqlite3_errmsg(db) : sqlite3_errstr(opened))};
    sqlite3_extended_result_codes(db, 1);
    // Only another program (a shell, a backup) can make us wait: within Hermod one thread writes.
    sqlite3_busy_timeout(db, 5000);
    try {
        if (mode == Mode::write && rows_of("PRAGMA journal_mode = WAL").at(0).at(0) != "wal")
            throw OpenFailure{"its file system does not allow write-ahead logging"};
        script(tuning(options, mode));
    } catch (OpenFailure const& failure) {
        throw OpenFailure{
            fmt::format("cannot use the database {}: {}", options.path, failure.what())};
    }
    if (mode == Mode::read)
        sqlite3_progress_handler(db, 2000, stop_when_late, &deadline_);
}

Connection::~Connection() = default;

void Connection::script(std::string const& sql)
{
    char* message = nullptr;
    auto const code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, &message);
    std::unique_ptr<char, decltype(&sqlite3_free)> const owned{message, sqlite3_free};
    if (code != SQLITE_OK)
        throw OpenFailure{message ? message : sqlite3_errstr(code)};
}

std::vector<std::vector<std::string>> Connection::rows_of(std::string const& sql)
{
    sqlite3_stmt* raw = nullptr;
    auto code = sqlite3_prepare_v2(db_.get(), sql.c_str(), -1, &raw, nullptr);
    std::unique_ptr<sqlite3_stmt, Close> const statement{raw};
    std::vector<std::vector<std::string>> rows;
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(raw);
        if (code != SQLITE_ROW)
            break;
        auto& row = rows.emplace_back();
        for (int column = 0; column < sqlite3_column_count(raw); ++column) {
            auto const* const text = sqlite3_column_text(raw, column);
            row.emplace_back(text ? reinterpret_cast<char const*>(text) : "");
        }
    }
    if (code != SQLITE_DONE)
        throw OpenFailure{sqlite3_errmsg(db_.get())};
    return rows;
}

bool Connection::in_transaction() const
{
    return sqlite3_get_autocommit(db_.get()) == 0;
}

/// `{columns}` replaced.
static std::string expand(Statement const& statement)
{
    std::string sql{statement.sql};
    static constexpr std::string_view placeholder = "{columns}";
    for (auto at = sql.find(placeholder); at != std::string::npos;
        at = sql.find(placeholder, at + statement.columns.size()))
        sql.replace(at, placeholder.size(), statement.columns);
    return sql;
}

/// Some global tables are walked, and SQLite names what a recursion has found like a table.
static bool is_of_tenants_alone(std::string_view sql)
{
    return sql.find("workspace_id = $1") != std::string_view::npos
        && sql.find("RECURSIVE") == std::string_view::npos
        && std::ranges::none_of(global_tables,
            [&](auto const& table) { return sql.find(table) != std::string_view::npos; });
}

Connection::Prepared Connection::prepare(Statement const& statement, std::size_t params)
{
    auto const sql = expand(statement);
    sqlite3_stmt* raw = nullptr;
    char const* tail = nullptr;
    auto const code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
        SQLITE_PREPARE_PERSISTENT, &raw, &tail);
    Prepared prepared{.sql = std::string{statement.sql},
        .statement = std::unique_ptr<sqlite3_stmt, Close>{raw},
        .positions = {}};
    if (code != SQLITE_OK)
        fail(code, sql);
    std::string_view const rest{tail, static_cast<std::size_t>(sql.data() + sql.size() - tail)};
    auto const single = rest.find_first_not_of("; \t\r\n") == std::string_view::npos;
    // SQLite numbers `$n` by first appearance, so each is looked up by its name.
    int used = 0;
    for (std::size_t i = 1; i <= params; ++i) {
        auto const position = sqlite3_bind_parameter_index(raw, fmt::format("${}", i).c_str());
        prepared.positions.push_back(position);
        used += position > 0 ? 1 : 0;
    }
    if (!raw || !single || used != sqlite3_bind_parameter_count(raw))
        fail(SQLITE_MISUSE, sql);
    prepared.writes = sqlite3_stmt_readonly(raw) == 0;
    if (refuse_scans_ && is_of_tenants_alone(sql))
        if (auto const scan = find_scan(db_.get(), sql))
            throw std::logic_error{fmt::format("no index serves {}: {}", sql, *scan)};
    return prepared;
}

Connection::Prepared& Connection::prepared(Statement const& statement, std::size_t params)
{
    if (failure_)
        std::rethrow_exception(failure_);
    Key const key{statement.sql.data(), statement.columns.data()};
    auto const at = statements_.find(key);
    // The text is compared too, so that a text that is not a literal is slow and not wrong.
    if (at != statements_.end() && at->second.sql == statement.sql
        && at->second.positions.size() == params) {
        HERMOD_CHECK(sqlite3_stmt_busy(at->second.statement.get()) == 0);
        return at->second;
    }
    auto fresh = prepare(statement, params);
    if (statements_.size() > 5'000)
        statements_.clear();
    return statements_.insert_or_assign(key, std::move(fresh)).first->second;
}

static int bind_one(sqlite3_stmt* statement, int position, Param const& param)
{
    if (param.is_null)
        return sqlite3_bind_null(statement, position);
    // A null pointer would bind NULL.
    auto const* const data = param.bytes.data() ? param.bytes.data() : "";
    auto const size = param.bytes.size();
    switch (param.type) {
    case Type::integer:
    case Type::boolean:
        return sqlite3_bind_int64(statement, position, param.integer);
    case Type::real:
        return sqlite3_bind_double(statement, position, param.real);
    case Type::text:
        return sqlite3_bind_text64(statement, position, data, size, SQLITE_STATIC, SQLITE_UTF8);
    case Type::bytes:
    case Type::uuid:
        return sqlite3_bind_blob64(statement, position, data, size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

void Connection::bind(Prepared const& prepared, std::span<Param const> params)
{
    for (std::size_t i = 0; i < params.size(); ++i) {
        if (prepared.positions[i] == 0)
            continue;
        auto const code = bind_one(prepared.statement.get(), prepared.positions[i], params[i]);
        if (code != SQLITE_OK)
            fail(code, prepared.sql);
    }
}

void Connection::query(Statement const& statement, std::span<Param const> params, RowSink sink)
{
    auto& ready = prepared(statement, params.size());
    if (ready.writes)
        before_write();
    Running const running{ready.statement.get()};
    bind(ready, params);
    for (;;) {
        auto const code = sqlite3_step(ready.statement.get());
        if (code == SQLITE_DONE)
            return;
        if (code != SQLITE_ROW)
            fail(code, ready.sql);
        sink(running);
    }
}

std::int64_t Connection::execute(
    Statement const& statement, std::span<Param const> params, bool /*count_rows*/)
{
    query(statement, params, [](Row const&) { });
    return sqlite3_changes64(db_.get());
}

void Connection::control(std::string_view sql)
{
    auto* const statement = prepared({sql, {}}, 0).statement.get();
    Running const running{statement};
    auto const code = sqlite3_step(statement);
    if (code != SQLITE_DONE)
        fail(code, sql);
}

void Connection::before_write()
{
    if (mode_ == Mode::read)
        fail(SQLITE_READONLY, "a write in a read");
    lambda_wrote_ = true;
    if (in_group_ && !savepoint_) {
        control("SAVEPOINT lambdas");
        savepoint_ = true;
    }
}

void Connection::begin_group()
{
    in_group_ = true;
    savepoint_ = false;
}

void Connection::accept_group()
{
    in_group_ = false;
    if (std::exchange(savepoint_, false))
        control("RELEASE lambdas");
}

void Connection::rollback_group()
{
    failure_ = nullptr;
    in_group_ = false;
    if (std::exchange(savepoint_, false)) {
        control("ROLLBACK TO lambdas");
        control("RELEASE lambdas");
    }
}

void Connection::begin_lambda()
{
    failure_ = nullptr;
    lambda_wrote_ = false;
}

void Connection::end_lambda()
{
    if (failure_)
        std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Connection::roll_back()
{
    failure_ = nullptr;
    in_group_ = savepoint_ = false;
    if (in_transaction())
        control("ROLLBACK");
}

/// A full disk fails every write of every request: one line a second tells it.
void Connection::report(std::string_view message, std::string_view sql)
{
    auto const now = std::chrono::steady_clock::now();
    if (now < next_report_)
        return;
    next_report_ = now + std::chrono::seconds{1};
    log::error(message, {{"error", sqlite3_errmsg(db_.get())}, {"sql", sql}});
}

void Connection::fail(int code, std::string_view sql)
{
    std::string const message = sqlite3_errmsg(db_.get());
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        failure_ = std::make_exception_ptr(ConstraintViolation{message});
        break;
    case SQLITE_INTERRUPT:
        failure_ =
            std::make_exception_ptr(Problem{Errc::overloaded, "the read took longer than it may"});
        break;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_READONLY:
        report("a statement is wrong", sql);
        failure_ = std::make_exception_ptr(Problem{Errc::internal});
        break;
    case SQLITE_TOOBIG:
        failure_ = std::make_exception_ptr(Problem{Errc::body_too_large});
        break;
    default:
        report("the database failed", sql);
        failure_ = std::make_exception_ptr(Problem{Errc::storage_unavailable});
    }
    std::rethrow_exception(failure_);
}

}
