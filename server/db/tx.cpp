#include "db/tx.hpp"

#include "db/hot_rows.hpp"

namespace hermod::db {

HotRow* Tx::find_hot(HotTable const& table, Uuid const& key)
{
    return hot_rows_->find(table, workspace_, key);
}

HotRow& Tx::insert_hot(HotTable const& table, Uuid const& key, std::span<std::int64_t const> values)
{
    return hot_rows_->insert(table, workspace_, key, values);
}

void Tx::query(Statement const& statement, std::span<Param const> params, RowSink sink) const
{
    hot_rows_->before(workspace_, statement);
    session_->query(statement, params, sink);
    hot_rows_->after(workspace_, statement); // it may be an INSERT … RETURNING
}

std::int64_t Tx::execute(Statement const& statement, std::span<Param const> params, bool count_rows)
{
    hot_rows_->before(workspace_, statement);
    auto const count = session_->execute(statement, params, count_rows);
    hot_rows_->after(workspace_, statement);
    return count;
}

Session& Tx::global_session()
{
    return session_->global();
}

}
