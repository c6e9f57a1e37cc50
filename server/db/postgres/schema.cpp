#include "db/postgres/schema.hpp"

#include "base/log.hpp"
#include "db/failures.hpp"
#include "db/global_tables.hpp"
#include "db/postgres/batch_session.hpp"
#include "db/postgres/open_session.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>
#include <array>

namespace hermod::db::postgres {

static std::string trimmed(char const* text)
{
    std::string message{text ? text : ""};
    while (!message.empty() && message.back() == '\n')
        message.pop_back();
    return message;
}

PostgresSchema::PostgresSchema(std::string const& url)
{
    std::array const keys{"dbname", "connect_timeout", "fallback_application_name",
        "client_encoding", static_cast<char const*>(nullptr)};
    std::array const values{
        url.c_str(), "10", "hermod schema", "UTF8", static_cast<char const*>(nullptr)};
    connection_ = PQconnectdbParams(keys.data(), values.data(), 1);
    if (PQstatus(connection_) != CONNECTION_OK) {
        auto const why = trimmed(PQerrorMessage(connection_));
        PQfinish(connection_);
        throw OpenFailure{"the database cannot be reached: " + why};
    }
    PQsetNoticeReceiver(connection_, [](void*, pg_result const*) { }, nullptr);
}

PostgresSchema::~PostgresSchema()
{
    PQfinish(connection_);
}

void PostgresSchema::lock()
{
    execute_script(fmt::format("SELECT pg_advisory_lock({}, {})", lock_space, migration_lock));
}

void PostgresSchema::execute_script(std::string const& sql)
{
    Result const result{PQexec(connection_, sql.c_str())};
    auto const status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        throw std::runtime_error{trimmed(PQerrorMessage(connection_))};
}

std::vector<std::vector<std::string>> PostgresSchema::query(std::string const& sql)
{
    Result const result{PQexec(connection_, sql.c_str())};
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
        throw std::runtime_error{trimmed(PQerrorMessage(connection_))};
    std::vector<std::vector<std::string>> rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        auto& columns = rows.emplace_back();
        for (int column = 0; column < PQnfields(result.get()); ++column)
            columns.emplace_back(PQgetvalue(result.get(), row, column));
    }
    return rows;
}

void PostgresSchema::take_app_role()
{
    execute_script("SELECT set_config('role', 'hermod_app', false) "
                   "WHERE to_regrole('hermod_app') IS NOT NULL "
                   "AND pg_has_role(session_user, to_regrole('hermod_app'), 'member')");
}

std::string PostgresSchema::quoted(std::string const& name)
{
    auto* const text = PQescapeIdentifier(connection_, name.data(), name.size());
    std::string quoted_name{text ? text : ""};
    PQfreemem(text);
    return quoted_name;
}

static constexpr char const* in_our_schema = "relnamespace = current_schema()::regnamespace";

std::vector<std::string> tenant_tables(PostgresSchema& schema)
{
    std::vector<std::string> tables;
    auto const rows = schema.query(fmt::format(
        "SELECT relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE {} AND relkind IN ('r', 'p') AND attname = 'workspace_id' AND NOT attisdropped "
        "ORDER BY relname",
        in_our_schema));
    for (auto const& row : rows) {
        if (std::ranges::find(global_tables, row[0]) == global_tables.end())
            tables.push_back(row[0]);
    }
    return tables;
}

/// The role that serves, if this owner may make it and give it to the login: else the login itself.
static std::string make_app_role(PostgresSchema& owner, std::string const& serving_login)
{
    auto const is_there = [&](char const* condition) {
        return !owner
                    .query(fmt::format("SELECT 1 FROM pg_roles WHERE rolname = '{}' AND ({})",
                        app_role, condition))
                    .empty();
    };
    try {
        if (!is_there("true"))
            owner.execute_script(fmt::format("CREATE ROLE {} NOLOGIN", app_role));
    } catch (std::runtime_error const& failure) {
        // Another database of the same server may have made it this moment.
        if (!is_there("true")) {
            log::info("the login of database.url serves as itself: hermod_app cannot be made",
                {{"reason", failure.what()}});
            return serving_login;
        }
    }
    if (is_there("rolsuper OR rolbypassrls"))
        throw OpenFailure{"the role hermod_app bypasses row-level security; it must not"};
    try {
        owner.execute_script(fmt::format("GRANT {} TO {}", app_role, owner.quoted(serving_login)));
    } catch (std::runtime_error const& failure) {
        log::info("the login of database.url serves as itself: it cannot be given hermod_app",
            {{"reason", failure.what()}});
        return serving_login;
    }
    return app_role;
}

static void grant(PostgresSchema& owner, std::string const& role)
{
    auto const schema = owner.quoted(owner.query("SELECT current_schema()").at(0).at(0));
    auto const to = owner.quoted(role);
    owner.execute_script(fmt::format("GRANT USAGE ON SCHEMA {} TO {}", schema, to));
    owner.execute_script(fmt::format(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}", schema, to));
    owner.execute_script(
        fmt::format("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}", schema, to));
}

/// Per tenant table: is the policy there, is it enforced, also against the owner?
static std::vector<std::vector<std::string>> walls(PostgresSchema& schema)
{
    return schema.query(fmt::format("SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity, "
                                    "EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid "
                                    "AND p.polname = 'hermod_workspace') "
                                    "FROM pg_class c WHERE {} AND relkind IN ('r', 'p')",
        in_our_schema));
}

static bool is_tenant(std::vector<std::string> const& tables, std::string const& name)
{
    return std::ranges::find(tables, name) != tables.end();
}

void secure(PostgresSchema& owner, std::string const& serving_login)
{
    // What each commit of a process leaves, so that a commit whose answer is lost can be settled.
    owner.execute_script("CREATE TABLE IF NOT EXISTS hermod_batches (node UUID NOT NULL, "
                         "shard BIGINT NOT NULL, batch BIGINT NOT NULL, "
                         "committed_at BIGINT NOT NULL, PRIMARY KEY (node, shard))");
    auto const tables = tenant_tables(owner);
    for (auto const& wall : walls(owner)) {
        if (!is_tenant(tables, wall[0]))
            continue;
        auto const table = owner.quoted(wall[0]);
        if (wall[2] != "t")
            owner.execute_script(fmt::format("CREATE POLICY hermod_workspace ON {} USING "
                                             "(workspace_id = current_setting('hermod.workspace')"
                                             "::uuid)",
                table));
        if (wall[1] != "t")
            owner.execute_script(fmt::format("ALTER TABLE {} ENABLE ROW LEVEL SECURITY, "
                                             "FORCE ROW LEVEL SECURITY",
                table));
    }
    grant(owner, make_app_role(owner, serving_login));
}

void open_for_owner(PostgresSchema& owner)
{
    auto const tables = tenant_tables(owner);
    for (auto const& wall : walls(owner)) {
        if (is_tenant(tables, wall[0]) && wall[1] == "t")
            owner.execute_script(
                fmt::format("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", owner.quoted(wall[0])));
    }
}

void require_secured(PostgresSchema& schema)
{
    auto const tables = tenant_tables(schema);
    for (auto const& wall : walls(schema)) {
        if (is_tenant(tables, wall[0]) && (wall[1] != "t" || wall[2] != "t"))
            throw OpenFailure{fmt::format(
                "table {} is without its row-level security; run `hermod migrate`", wall[0])};
    }
    if (schema.query("SELECT 1 WHERE to_regclass('hermod_batches') IS NOT NULL").empty())
        throw OpenFailure{"the database is not prepared; run `hermod migrate`"};
}

SchemaFacts read_facts(PostgresSchema& schema)
{
    SchemaFacts facts;
    auto const opaque = schema.query(
        fmt::format("SELECT relname FROM pg_class WHERE {} AND relkind IN ('v', 'm', 'f') "
                    "UNION SELECT proname FROM pg_proc "
                    "WHERE pronamespace = current_schema()::regnamespace",
            in_our_schema));
    for (auto const& row : opaque)
        facts.opaque.insert(row[0]);
    auto const triggered = schema.query(
        fmt::format("SELECT relname FROM pg_class c WHERE {} AND (relhasrules OR relhassubclass "
                    "OR relispartition OR EXISTS (SELECT 1 FROM pg_trigger t "
                    "WHERE t.tgrelid = c.oid AND NOT t.tgisinternal) "
                    "OR EXISTS (SELECT 1 FROM pg_inherits i WHERE i.inhrelid = c.oid) "
                    "OR EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid "
                    "AND a.attgenerated <> ''))",
            in_our_schema));
    for (auto const& row : triggered)
        facts.triggered.insert(row[0]);
    auto const cascades = schema.query(
        "SELECT p.relname, c.relname FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid "
        "JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype = 'f' "
        "AND (k.confdeltype IN ('c', 'n', 'd') OR k.confupdtype IN ('c', 'n', 'd'))");
    for (auto const& row : cascades)
        facts.cascades[row[0]].insert(row[1]);
    return facts;
}

}
