#include "base/log.hpp"
#include "db/engine.hpp"
#include "db/metrics.hpp"
#include "db/postgres/fixed_statements.hpp"
#include "db/postgres/notifier.hpp"
#include "db/postgres/open_session.hpp"
#include "db/postgres/readers.hpp"
#include "db/postgres/schema.hpp"
#include "db/postgres/writers.hpp"

namespace hermod::db::postgres {

/// Refuses what cannot be served: a database that is not durable, too old, of another schema, or
/// without its second wall.
static SchemaFacts checked_facts(PostgresOptions const& options)
{
    StopSignal const never;
    std::unique_ptr<Connection> session;
    try {
        session = open_session(options.url, "hermod start", Use::write, never);
        session->send_quietly(fixed().forget_marks, {});
        session->wait_for(
            session->sync(), std::chrono::steady_clock::now() + std::chrono::seconds{10});
    } catch (ConnectionLost const& loss) {
        throw OpenFailure{std::string{"the database cannot be reached: "} + loss.what()};
    }
    PostgresSchema schema{options.url};
    schema.take_app_role();
    try {
        require_migrated(schema, options.migrations);
    } catch (OpenFailure const&) {
        throw;
    } catch (std::exception const& failure) {
        throw OpenFailure{std::string{"the login of database.url may not use the schema; run "
                                      "`hermod migrate` with it as database.url: "}
            + failure.what()};
    }
    require_secured(schema);
    auto const owns = schema.query("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() "
                                   "AND tableowner = current_user LIMIT 1");
    if (!owns.empty())
        log::warn("the role that serves owns the tables and could lift their row-level security; "
                  "give database.url another login than database.migrate_url");
    return read_facts(schema);
}

class PostgresDatabase final : public Database {
public:
    PostgresDatabase(PostgresOptions const& options, Clock& clock, Metrics& metrics)
        : clock_(clock)
        , metrics_(metrics, "postgres")
        , node_(new_uuid_v7(clock.now()))
        , statements_(checked_facts(options))
        , writers_(options, node_, statements_, clock, metrics_, listener_)
        , readers_(options, statements_, clock, metrics_)
        , notifier_(options.url, node_, listener_)
    {
        writers_.start();
        readers_.start();
        notifier_.start();
        watch_ = std::thread{[this] {
            writers_.queues().watch_deadlines([this] { readers_.queue().drop_overdue(); });
        }};
    }
    ~PostgresDatabase() override { close(); }

    Engine engine() const override { return Engine::postgres; }
    Clock& clock() override { return clock_; }
    void on_commit(std::function<void(std::span<Committed const>)> listener) override
    {
        listener_.set(std::move(listener));
    }

    void close() override
    {
        writers_.close();
        readers_.close();
        notifier_.close();
        if (watch_.joinable())
            watch_.join();
    }

    Task<void> ping() override
    {
        auto body = [](GlobalTx& tx) { tx.one<std::int64_t>("SELECT 1"); };
        GlobalBody const reference{body};
        co_await submit_system(reference, false, Patience{.queued = seconds{2}});
    }

protected:
    Task<void> submit_write(WorkspaceId workspace, Body body, Patience patience) override
    {
        Work work{workspace, body, patience};
        auto enqueue = [&](Work& entered) { return writers_.queues().push(entered); };
        co_await perform(work, enqueue);
    }

    Task<void> submit_read(WorkspaceId workspace, Body body, Patience patience) override
    {
        Work work{workspace, body, patience};
        auto enqueue = [&](Work& entered) { return readers_.queue().push(entered); };
        co_await perform(work, enqueue);
    }

    Task<void> submit_system(GlobalBody body, bool write, Patience patience) override
    {
        Work work{body, patience};
        auto enqueue = [&](Work& entered) {
            return write ? writers_.queues().push(entered) : readers_.queue().push(entered);
        };
        co_await perform(work, enqueue);
    }

private:
    Clock& clock_;
    DbMetrics metrics_;
    Uuid const node_;
    CommitListener listener_;
    Statements statements_;
    Writers writers_;
    Readers readers_;
    Notifier notifier_;
    std::thread watch_;
};

/// The login of `url`.
static std::string login_of(std::string const& url)
{
    PostgresSchema schema{url};
    return schema.query("SELECT session_user").at(0).at(0);
}

static bool is_migrated(PostgresSchema& schema, std::span<SqlFile const> files)
{
    try {
        require_migrated(schema, files);
        return true;
    } catch (OpenFailure const&) {
        return false;
    }
}

}

namespace hermod::db {

std::unique_ptr<Database> open_postgres(PostgresOptions options, Clock& clock, Metrics& metrics)
{
    return std::make_unique<postgres::PostgresDatabase>(options, clock, metrics);
}

bool may_migrate_postgres(PostgresOptions const& options)
{
    postgres::PostgresSchema schema{
        options.migrate_url.empty() ? options.url : options.migrate_url};
    auto const may = schema.query(
        "SELECT bool_and(pg_has_role(tableowner, 'USAGE')), "
        "has_schema_privilege(current_schema(), 'CREATE') "
        "FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'migrations'");
    auto const& owns = may.at(0).at(0); // empty where there is no such table
    return owns != "f" && may.at(0).at(1) == "t";
}

Migrated migrate_postgres(PostgresOptions const& options, Clock& clock)
{
    postgres::PostgresSchema owner{options.migrate_url.empty() ? options.url : options.migrate_url};
    try {
        owner.lock();
        auto const serving = postgres::login_of(options.url);
        if (!postgres::is_migrated(owner, options.migrations))
            postgres::open_for_owner(owner);
        try {
            auto const migrated = migrate(owner, options.migrations, clock.now());
            postgres::secure(owner, serving);
            return migrated;
        } catch (...) {
            postgres::secure(owner, serving); // the wall stands again, whatever failed
            throw;
        }
    } catch (OpenFailure const&) {
        throw;
    } catch (std::exception const& failure) {
        throw OpenFailure{std::string{"the database cannot be prepared: "} + failure.what()};
    }
}

}
