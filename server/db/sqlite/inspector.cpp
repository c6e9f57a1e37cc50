#include "db/inspector.hpp"

#include "db/hot_rows.hpp"
#include "db/sqlite/schema.hpp"

namespace hermod::db {

namespace {

using sqlite::Connection;

class SqliteInspector final : public Inspector {
public:
    SqliteInspector(SqliteOptions const& options, Clock& clock)
        : clock_(clock), connection_(options, Connection::Mode::read), hot_rows_(connection_)
    {
        sqlite::SqliteSchema schema{connection_};
        require_migrated(schema, options.migrations);
    }

    void read(WorkspaceId const& workspace, FunctionRef<void(Tx const&)> body) override
    {
        in_transaction([&] { body(Tx{connection_, hot_rows_, workspace, clock_.now()}); });
    }

    void read_global(FunctionRef<void(GlobalTx const&)> body) override
    {
        in_transaction([&] { body(GlobalTx{connection_, clock_.now()}); });
    }

    std::vector<std::string> file_faults() override
    {
        std::vector<std::string> faults;
        for (auto const& row : connection_.rows_of("PRAGMA integrity_check"))
            if (row.at(0) != "ok")
                faults.push_back(row.at(0));
        return faults;
    }

private:
    template <class F>
    void in_transaction(F const& body)
    {
        connection_.begin_lambda();
        connection_.control("BEGIN");
        try {
            body();
            connection_.end_lambda();
        } catch (...) {
            connection_.roll_back();
            throw;
        }
        connection_.roll_back();
    }

    Clock& clock_;
    Connection connection_;
    HotRows hot_rows_;
};

}

std::unique_ptr<Inspector> inspect_sqlite(SqliteOptions const& options, Clock& clock)
{
    return std::make_unique<SqliteInspector>(options, clock);
}

void write_beside_sqlite(
    SqliteOptions const& options, Clock& clock, FunctionRef<void(GlobalTx&)> body)
{
    Connection connection{options, Connection::Mode::write};
    sqlite::SqliteSchema schema{connection};
    require_migrated(schema, options.migrations);
    connection.begin_lambda();
    connection.control("BEGIN IMMEDIATE");
    try {
        GlobalTx tx{connection, clock.now()};
        body(tx);
        connection.end_lambda();
        connection.control("COMMIT");
    } catch (...) {
        connection.roll_back();
        throw;
    }
}

}
