#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace hermod::db::postgres {

/// A throw-away PostgreSQL cluster in a temporary folder, on a free loopback port: for tests.
/// Ends with its object, or with the process however that ends.
class TestCluster {
public:
    TestCluster();
    ~TestCluster();
    TestCluster(TestCluster const&) = delete;
    TestCluster& operator=(TestCluster const&) = delete;

    /// As superuser, of the database `postgres`.
    std::string url() const { return url_of("postgres"); }
    std::string url_of(std::string const& database, std::string const& login = "postgres") const;

    void start(); ///< and wait until it takes connections
    void stop(); ///< in order
    void crash(); ///< as a power cut would: no goodbye, recovery at the next start

private:
    void end(int signal);

    std::filesystem::path folder_;
    int port_ = 0;
    pid_t process_ = -1;
};

/// The URL, as superuser, of a new empty database: on the server that HERMOD_TEST_POSTGRES_URL
/// names, else on a cluster of this process. Given the URL of another database, a copy of it, to
/// which nobody may be connected.
std::string new_test_database(std::string const& like = {});
void drop_test_database(std::string const& url);

/// Runs SQL on a database, for tests that look behind the engine; gives column 0 of row 0.
std::string run_sql(std::string const& url, std::string const& sql);

}
