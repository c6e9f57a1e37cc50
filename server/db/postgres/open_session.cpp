#include "db/postgres/open_session.hpp"

#include "base/errors.hpp"
#include "base/time.hpp"
#include "db/failures.hpp"

#include <fmt/format.h>

#include <tuple>

namespace hermod::db::postgres {

using std::chrono::steady_clock;

static constexpr seconds connect_timeout{5};

// As a superuser or a member the session takes the role; where there is none, its own must be one
// that the policies bind.
static Prepared const& choose_role()
{
    static auto const statement = internal_statement("choose_role",
        "SELECT CASE "
        "WHEN to_regrole('hermod_app') IS NOT NULL "
        "AND pg_has_role(session_user, to_regrole('hermod_app'), 'member') "
        "THEN set_config('role', 'hermod_app', false) "
        "WHEN (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user) "
        "THEN 'superuser' ELSE 'own' END");
    return statement;
}

static Prepared const& set_limits()
{
    static auto const statement = internal_statement("set_limits",
        "SELECT set_config('statement_timeout', $1, false), "
        "set_config('lock_timeout', $2, false), "
        "set_config('idle_in_transaction_session_timeout', $3, false), "
        "set_config('application_name', $4, false), "
        "set_config('jit', 'off', false), "
        "set_config('default_transaction_read_only', 'off', false)",
        {Type::text, Type::text, Type::text, Type::text});
    return statement;
}

static Prepared const& find_faults()
{
    static auto const statement = internal_statement("find_faults",
        "SELECT CASE "
        "WHEN current_setting('fsync') = 'off' "
        "THEN 'PostgreSQL runs with fsync = off, which loses accepted messages; turn it on' "
        "WHEN current_setting('synchronous_commit') = 'off' "
        "THEN 'PostgreSQL runs with synchronous_commit = off (server, database or role), which "
        "loses accepted messages; turn it on' "
        "WHEN current_setting('server_encoding') <> 'UTF8' "
        "THEN 'the database is not in UTF8' "
        "WHEN pg_is_in_recovery() "
        "THEN 'the server is a standby; database.url must name the primary' "
        "ELSE '' END");
    return statement;
}

static Param text_of(std::string_view text)
{
    return {Type::text, false, 0, 0, text};
}

/// How long a statement may take, wait for a lock, and its transaction stand idle.
static std::tuple<char const*, char const*, char const*> limits_of(Use use)
{
    switch (use) {
    case Use::write:
        // Longer than another node's batch may take, and than its abandoned transaction lives.
        return {"25s", "20s", "10s"};
    case Use::read:
    case Use::listen:
        return {"2s", "2s", "10s"};
    case Use::inspect:
        return {"0", "20s", "0"};
    }
    return {"2s", "2s", "10s"};
}

std::unique_ptr<Connection> open_session(
    std::string const& url, std::string const& name, Use use, StopSignal const& stop)
{
    auto connection = Connection::open(url, name, stop, connect_timeout);
    if (connection->server_version() < 150'000)
        throw OpenFailure{fmt::format("Hermod needs PostgreSQL 15 or newer, and this is {}",
            connection->server_version() / 10'000)};
    auto const [statement, lock, idle] = limits_of(use);
    Arena arena;
    Result role;
    Result faults;
    connection->send(set_limits(),
        encode(std::array{text_of(statement), text_of(lock), text_of(idle), text_of(name)}, arena));
    connection->send(choose_role(), {}, &role);
    connection->send(find_faults(), {}, &faults);
    auto const done = connection->sync();
    connection->wait_for(done, steady_clock::now() + connect_timeout);
    if (auto const refusal = connection->take_refusal())
        throw OpenFailure{"PostgreSQL refused the session: " + refusal->message};
    if (auto const fault = first_text(faults.get()); !fault.empty())
        throw OpenFailure{fault};
    if (first_text(role.get()) == "superuser")
        throw OpenFailure{
            "the role of database.url is a superuser or bypasses row-level security, and there is "
            "no role hermod_app to take instead; run `hermod migrate` first"};
    return connection;
}

}
