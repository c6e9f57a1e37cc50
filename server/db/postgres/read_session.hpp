#pragma once

#include "db/postgres/connection.hpp"
#include "db/postgres/statement.hpp"

#include <optional>

namespace hermod::db::postgres {

/// A read-only transaction on a snapshot, which begins with its first statement and at whose end
/// nobody waits.
class ReadSession final : public Session {
public:
    /// A transaction that takes longer than `time_limit` throws Problem{overloaded}.
    ReadSession(Statements& statements, std::chrono::milliseconds time_limit);

    void begin(Connection& connection, WorkspaceId const& workspace, bool is_system);
    void end();
    /// Throws what ended the transaction, also where the λ caught it.
    void check_failed() const;

    void query(Statement const& statement, std::span<Param const> params, RowSink sink) override;
    std::int64_t execute(Statement const&, std::span<Param const>, bool) override;

private:
    Result ask(Prepared const& statement, std::span<Param const> params);
    [[noreturn]] void fail(Problem problem);

    StatementCache statements_;
    std::chrono::milliseconds time_limit_;
    Connection* connection_ = nullptr;
    WorkspaceId workspace_{};
    bool is_system_ = false;
    bool began_ = false;
    Connection::Deadline end_{};
    std::optional<Problem> problem_{};
    Arena arena_;
};

}
