#pragma once

#include "db/engine.hpp"
#include "db/migrator.hpp"
#include "db/postgres/statement.hpp"

#include <string>
#include <vector>

struct pg_conn;

namespace hermod::db::postgres {

/// A plain connection for the schema: one statement after the other, answers as text.
class PostgresSchema final : public SchemaConnection {
public:
    /// Throws OpenFailure.
    explicit PostgresSchema(std::string const& url);
    ~PostgresSchema() override;
    PostgresSchema(PostgresSchema const&) = delete;
    PostgresSchema& operator=(PostgresSchema const&) = delete;

    Engine engine() const override { return Engine::postgres; }
    void lock() override;
    void execute_script(std::string const& sql) override;
    std::vector<std::vector<std::string>> query(std::string const& sql) override;
    /// The role that serves, where this login may take it.
    void take_app_role();
    /// As an SQL identifier.
    std::string quoted(std::string const& name);

private:
    pg_conn* connection_;
};

/// The tables of tenants: all with a workspace_id but the listed global ones.
std::vector<std::string> tenant_tables(PostgresSchema& schema);

/// The second wall: the role that serves, its grants, and on each tenant table the policy that
/// shows the rows of `hermod.workspace` alone, to the owner too. May run again.
void secure(PostgresSchema& owner, std::string const& serving_login);
/// The owner may touch every row until `secure` runs again: migrations change data.
void open_for_owner(PostgresSchema& owner);
/// Throws OpenFailure where a tenant table is without its policy.
void require_secured(PostgresSchema& schema);

SchemaFacts read_facts(PostgresSchema& schema);

}
