#include "db/postgres/batch_session.hpp"

#include "db/failures.hpp"
#include "db/postgres/fixed_statements.hpp"

namespace hermod::db::postgres {

using std::chrono::steady_clock;

// A node that holds the shard's lock longer than this is stuck; its own limits end it sooner.
static constexpr seconds longest_wait{30};
// Statements that are gathered before the socket gets them while the λs go on.
static constexpr std::size_t push_after = 24;

void throw_refusal(Refusal const& refusal)
{
    if (refusal.is_constraint())
        throw ConstraintViolation{refusal.message};
    // Resources, the server's own trouble, the state it is in; all else is wrong in itself.
    auto const in_class = [&](char const* two) { return refusal.sqlstate.starts_with(two); };
    bool const database_failed = refusal.is_passing() || in_class("53") || in_class("57")
        || in_class("58") || in_class("XX") || in_class("25");
    throw Problem{database_failed ? Errc::storage_unavailable : Errc::internal,
        "the database refused a statement"};
}

std::exception_ptr to_exception(Refusal const& refusal)
{
    try {
        throw_refusal(refusal);
    } catch (...) {
        return std::current_exception();
    }
}

void BatchTransaction::begin(Connection& connection, int shard)
{
    clear();
    connection_ = &connection;
    send(fixed().begin);
    send(fixed().lock,
        std::array{Param{Type::integer, false, lock_space}, Param{Type::integer, false, shard}});
    has_global_lock_ = shard == global_shard;
    // The server takes the lock while the λs are scouted.
    connection_->push();
    unpushed_ = 0;
}

void BatchTransaction::clear()
{
    reads_.clear();
    writes_.clear();
    arena_.release();
    workspace_.reset();
    has_global_lock_ = false;
    unpushed_ = 0;
}

BatchTransaction::Bound BatchTransaction::bind(
    Statement const& statement, std::span<Param const> params)
{
    return {statements_.find(statement, params), encode(params, arena_)};
}

void BatchTransaction::enter(Domain domain, WorkspaceId const& workspace)
{
    if (domain == Domain::global) {
        if (!std::exchange(has_global_lock_, true))
            send(fixed().lock,
                std::array{Param{Type::integer, false, lock_space},
                    Param{Type::integer, false, global_shard}});
        return;
    }
    if (workspace_ == workspace)
        return;
    workspace_ = workspace;
    send(fixed().set_workspace,
        std::array{Param{Type::uuid, false, 0, 0, as_text(workspace.bytes())}});
}

Connection::Ticket BatchTransaction::send(
    Prepared const& statement, Encoded const& params, Result* into)
{
    auto const ticket = connection_->send(statement, params, into);
    if (++unpushed_ >= push_after) {
        connection_->push();
        unpushed_ = 0;
    }
    return ticket;
}

Connection::Ticket BatchTransaction::send(Prepared const& statement, std::span<Param const> params)
{
    return send(statement, encode(params, arena_));
}

void BatchTransaction::wait_for(Connection::Ticket ticket)
{
    connection_->request_flush();
    unpushed_ = 0;
    connection_->wait_for(ticket, steady_clock::now() + longest_wait);
    if (connection_->refusal())
        throw BatchRefused{};
}

void BatchTransaction::open_savepoint()
{
    had_global_lock_ = has_global_lock_;
    send(fixed().savepoint);
}

void BatchTransaction::release_savepoint()
{
    send(fixed().release_savepoint);
}

void BatchTransaction::rollback_to_savepoint()
{
    send(fixed().rollback_to_savepoint);
    send(fixed().release_savepoint);
    // Going back undoes set_config and gives up locks that were taken since.
    workspace_.reset();
    has_global_lock_ = had_global_lock_;
}

void LiveSession::begin_batch(Mode mode)
{
    mode_ = mode;
    has_written_ = false;
    refused_ = false;
    held_.clear();
    savepoint_ = false;
}

void LiveSession::begin_lambda(Domain domain, WorkspaceId const& workspace)
{
    domain_ = domain;
    workspace_ = workspace;
    began_at_ = transaction_.writes().position();
    lambda_wrote_ = false;
}

void LiveSession::accept_lambda()
{
    send_held(true);
    if (std::exchange(savepoint_, false))
        transaction_.release_savepoint();
    has_written_ |= lambda_wrote_;
}

void LiveSession::rollback_lambda()
{
    held_.clear();
    if (std::exchange(savepoint_, false))
        transaction_.rollback_to_savepoint();
    transaction_.writes().forget_after(began_at_);
}

void LiveSession::check_refused() const
{
    if (!refused_)
        return;
    auto const& refusal = *transaction_.connection().refusal();
    if (mode_.alone && !refusal.is_passing())
        throw_refusal(refusal);
    throw BatchRefused{};
}

void LiveSession::wait_for(Connection::Ticket ticket)
{
    try {
        transaction_.wait_for(ticket);
    } catch (BatchRefused const&) {
        refused_ = true;
        check_refused();
    }
}

void LiveSession::note_write(BatchTransaction::Bound const& bound)
{
    lambda_wrote_ = true;
    transaction_.writes().note(bound.statement, bound.params);
}

void LiveSession::need_savepoint()
{
    if (!mode_.alone && !std::exchange(savepoint_, true))
        transaction_.open_savepoint();
}

void LiveSession::send_held(bool for_good)
{
    // The lock and the workspace come before the savepoint, so that they outlast it.
    for (auto const& held : held_)
        transaction_.enter(held.domain, workspace_);
    if (!for_good && !held_.empty())
        need_savepoint();
    for (auto const& held : held_)
        transaction_.send(*held.statement, held.params);
    held_.clear();
}

Result LiveSession::ask(Domain domain, BatchTransaction::Bound const& bound)
{
    Result result;
    transaction_.enter(domain, workspace_);
    wait_for(transaction_.send(bound.statement, bound.params, &result));
    return result;
}

Result LiveSession::ask_write(Domain domain, BatchTransaction::Bound const& bound)
{
    note_write(bound);
    transaction_.enter(domain, workspace_);
    send_held(false);
    need_savepoint();
    return ask(domain, bound);
}

void LiveSession::query_in(
    Domain domain, Statement const& statement, std::span<Param const> params, RowSink sink)
{
    check_refused();
    auto const bound = transaction_.bind(statement, params);
    auto const& analysis = bound.statement.analysis;
    if (analysis.kind == Analysis::Kind::write) {
        auto const result = ask_write(domain, bound);
        for_each_row(result.get(), sink);
        return;
    }
    if (auto const* known = transaction_.reads().find(bound.statement, bound.params)) {
        for_each_row(known, sink);
        return;
    }
    // What the λ itself has written is sent first only where the read may meet it.
    if (transaction_.writes().touches(bound.statement, bound.params, began_at_))
        send_held(false);
    auto result = ask(domain, bound);
    for_each_row(result.get(), sink);
    // An answer that knows of the λ's own writes would outlive them if the λ were undone.
    if (mode_.caches && !lambda_wrote_ && analysis.repeatable)
        transaction_.reads().put(bound.statement, bound.params).result = std::move(result);
}

std::int64_t LiveSession::execute_in(
    Domain domain, Statement const& statement, std::span<Param const> params, bool count_rows)
{
    check_refused();
    auto const bound = transaction_.bind(statement, params);
    if (count_rows)
        return affected_rows(ask_write(domain, bound).get());
    note_write(bound);
    held_.push_back({domain, &bound.statement, bound.params});
    return 0;
}

void ScoutSession::begin_lambda(Domain domain, WorkspaceId const& workspace)
{
    domain_ = domain;
    workspace_ = workspace;
    own_writes_.clear();
    ended_ = false;
    waits_ = false;
}

void ScoutSession::end()
{
    ended_ = true;
    throw ScoutEnd{};
}

void ScoutSession::query_in(
    Domain domain, Statement const& statement, std::span<Param const> params, RowSink sink)
{
    // A λ that caught the end goes nowhere with it.
    if (ended_)
        end();
    auto const bound = transaction_.bind(statement, params);
    if (bound.statement.analysis.kind != Analysis::Kind::read
        || !bound.statement.analysis.repeatable
        || own_writes_.touches(bound.statement, bound.params, 0))
        end();
    auto& reads = transaction_.reads();
    if (auto const* known = reads.find(bound.statement, bound.params)) {
        for_each_row(known, sink);
        return;
    }
    waits_ = true;
    if (!reads.was_asked(bound.statement, bound.params)) {
        transaction_.enter(domain, workspace_);
        auto& entry = reads.put(bound.statement, bound.params);
        last_ticket_ = transaction_.send(bound.statement, bound.params, &entry.result);
    }
    end();
}

std::int64_t ScoutSession::execute_in(
    Domain, Statement const& statement, std::span<Param const> params, bool count_rows)
{
    if (ended_ || count_rows)
        end();
    auto const bound = transaction_.bind(statement, params);
    own_writes_.note(bound.statement, bound.params);
    return 0;
}
}
