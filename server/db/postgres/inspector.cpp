#include "db/inspector.hpp"

#include "db/failures.hpp"
#include "db/hot_rows.hpp"
#include "db/postgres/open_session.hpp"
#include "db/postgres/read_session.hpp"
#include "db/postgres/schema.hpp"

namespace hermod::db {

namespace {

using namespace postgres;

constexpr auto as_long_as_it_takes = std::chrono::days{7};

class PostgresInspector final : public Inspector {
public:
    PostgresInspector(PostgresOptions const& options, Clock& clock)
        : clock_(clock)
        , connection_(open(options))
        , session_(statements_, as_long_as_it_takes)
        , hot_rows_(session_)
    {
    }

    void read(WorkspaceId const& workspace, FunctionRef<void(Tx const&)> body) override
    {
        session_.begin(*connection_, workspace, false);
        in_transaction([&] { body(Tx{session_, hot_rows_, workspace, clock_.now()}); });
    }

    void read_global(FunctionRef<void(GlobalTx const&)> body) override
    {
        session_.begin(*connection_, {}, true);
        in_transaction([&] { body(GlobalTx{session_, clock_.now()}); });
    }

    std::vector<std::string> file_faults() override { return {}; }

private:
    static std::unique_ptr<Connection> open(PostgresOptions const& options)
    {
        try {
            auto session =
                open_session(options.url, "hermod inspector", Use::inspect, StopSignal{});
            PostgresSchema schema{options.url};
            schema.take_app_role();
            require_migrated(schema, options.migrations);
            return session;
        } catch (ConnectionLost const& loss) {
            throw OpenFailure{std::string{"the database cannot be reached: "} + loss.what()};
        }
    }

    template <class F>
    void in_transaction(F const& body)
    {
        try {
            body();
            session_.check_failed();
            session_.end();
        } catch (ConnectionLost const& loss) {
            throw Problem{Errc::storage_unavailable, loss.what()};
        } catch (...) {
            session_.end();
            throw;
        }
    }

    Clock& clock_;
    Statements statements_;
    std::unique_ptr<Connection> connection_;
    ReadSession session_;
    HotRows hot_rows_;
};

}

std::unique_ptr<Inspector> inspect_postgres(PostgresOptions const& options, Clock& clock)
{
    return std::make_unique<PostgresInspector>(options, clock);
}

}
