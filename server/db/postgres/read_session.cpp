#include "db/postgres/read_session.hpp"

#include "base/log.hpp"
#include "db/postgres/fixed_statements.hpp"

#include <array>
#include <stdexcept>
#include <utility>

namespace hermod::db::postgres {

using std::chrono::steady_clock;

// The server ends a statement at the limit; a server that does not answer then is gone.
static constexpr seconds grace{3};

ReadSession::ReadSession(Statements& statements, std::chrono::milliseconds time_limit)
    : statements_(statements), time_limit_(time_limit)
{
}

void ReadSession::begin(Connection& connection, WorkspaceId const& workspace, bool is_system)
{
    connection_ = &connection;
    workspace_ = workspace;
    is_system_ = is_system;
    began_ = false;
    end_ = steady_clock::now() + time_limit_;
    problem_.reset();
}

void ReadSession::end()
{
    arena_.release();
    if (!began_)
        return;
    if (connection_->refusal())
        connection_->sync(); // up to here the server skips everything
    connection_->send_quietly(fixed().rollback, {});
    connection_->sync();
    connection_->push();
    // Answers that belong to nobody any more: the refusal was told, or will be.
    connection_->take_refusal();
}

void ReadSession::check_failed() const
{
    if (connection_->is_lost())
        throw ConnectionLost{"the connection to the database was lost"};
    if (problem_)
        throw Problem{*problem_};
}

void ReadSession::query(Statement const& statement, std::span<Param const> params, RowSink sink)
{
    check_failed();
    auto const result = ask(statements_.find(statement, params), params);
    for_each_row(result.get(), sink);
}

std::int64_t ReadSession::execute(Statement const&, std::span<Param const>, bool)
{
    throw std::logic_error{"a read wrote"};
}

Result ReadSession::ask(Prepared const& statement, std::span<Param const> params)
{
    if (steady_clock::now() >= end_)
        fail(Problem{Errc::overloaded, "a read took longer than it may"});
    if (!std::exchange(began_, true)) {
        connection_->send(fixed().begin_read, {});
        if (!is_system_)
            connection_->send(fixed().set_workspace,
                encode(std::array{Param{Type::uuid, false, 0, 0, as_text(workspace_.bytes())}},
                    arena_));
    }
    Result result;
    auto const ticket = connection_->send(statement, encode(params, arena_), &result);
    connection_->request_flush();
    connection_->wait_for(ticket, end_ + grace);
    if (auto const& refusal = connection_->refusal()) {
        log::error("the database refused a read",
            {{"sqlstate", refusal->sqlstate}, {"error", refusal->message}});
        if (refusal->sqlstate == "57014")
            fail(Problem{Errc::overloaded, "a read took longer than it may"});
        auto const passing = refusal->is_passing();
        fail(Problem{
            passing ? Errc::storage_unavailable : Errc::internal, "the database refused a read"});
    }
    return result;
}

void ReadSession::fail(Problem problem)
{
    problem_ = std::move(problem);
    throw Problem{*problem_};
}

}
