#include "db/conformance.hpp"
#include "db/postgres/test_cluster.hpp"

namespace hermod::db::postgres {

static EngineUnderTest engine(std::string name, bool prefetch)
{
    auto const options = [prefetch](std::string const& url) {
        PostgresOptions made{.url = url, .migrate_url = {}};
        made.prefetch = prefetch;
        made.migrations = conformance_schema();
        return made;
    };
    return {
        .name = std::move(name),
        .create =
            [options] {
                static auto const migrated = [&] {
                    Clock clock;
                    auto const url = new_test_database();
                    migrate_postgres(options(url), clock);
                    return url;
                }();
                return new_test_database(migrated);
            },
        .open = [options](std::string const& url, Clock& clock,
                    Metrics& metrics) { return open_postgres(options(url), clock, metrics); },
        .drop = [](std::string const& url) { drop_test_database(url); },
    };
}

INSTANTIATE_TEST_SUITE_P(Postgres, Conformance,
    ::testing::Values(engine("postgres", true), engine("postgres_without_prefetch", false)),
    engine_name);

}
