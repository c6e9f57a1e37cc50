#pragma once

#include "db/migrator.hpp"
#include "db/sqlite/connection.hpp"

namespace hermod::db::sqlite {

/// What the migrator needs of a connection.
class SqliteSchema final : public SchemaConnection {
public:
    explicit SqliteSchema(Connection& connection) : connection_(connection) { }
    Engine engine() const override { return Engine::sqlite; }
    void lock() override { } // the file lock keeps other processes off
    void execute_script(std::string const& sql) override { connection_.script(sql); }
    std::vector<std::vector<std::string>> query(std::string const& sql) override
    {
        return connection_.rows_of(sql);
    }

private:
    Connection& connection_;
};

}
