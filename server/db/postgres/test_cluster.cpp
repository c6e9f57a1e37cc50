#include "db/postgres/test_cluster.hpp"

#include "base/errors.hpp"
#include "db/postgres/schema.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace hermod::db::postgres {

namespace fs = std::filesystem;

static fs::path server_programs()
{
    for (auto const* version : {"17", "16", "15", "14"}) {
        auto folder = fs::path{"/usr/lib/postgresql"} / version / "bin";
        if (fs::exists(folder / "initdb"))
            return folder;
    }
    throw std::runtime_error{"PostgreSQL is not installed (postgresql-15)"};
}

static int free_port()
{
    auto const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    HERMOD_CHECK(::bind(fd, plain, size) == 0 && ::getsockname(fd, plain, &size) == 0);
    ::close(fd);
    return ntohs(address.sin_port);
}

/// The server refuses to run as root.
static void become_unprivileged(passwd const* user)
{
    if (user
        && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0
            || ::setuid(user->pw_uid) != 0))
        ::_exit(126);
    // Also when this process is killed, the server must not stay.
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

static passwd const* unprivileged_user()
{
    return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
}

static pid_t spawn(std::vector<std::string> const& arguments, fs::path const& log)
{
    std::vector<char*> plain;
    for (auto const& argument : arguments)
        plain.push_back(const_cast<char*>(argument.c_str()));
    plain.push_back(nullptr);
    auto const* const user = unprivileged_user();
    auto const child = ::fork();
    HERMOD_CHECK(child >= 0);
    if (child != 0)
        return child;
    become_unprivileged(user);
    auto const out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    if (::chdir("/") != 0)
        ::_exit(126);
    ::execv(plain[0], plain.data());
    ::_exit(127);
}

TestCluster::TestCluster()
{
    auto text = (fs::temp_directory_path() / "hermod-postgres.XXXXXX").string();
    HERMOD_CHECK(::mkdtemp(text.data()) != nullptr);
    folder_ = text;
    if (auto const* const user = unprivileged_user())
        HERMOD_CHECK(::chown(folder_.c_str(), user->pw_uid, user->pw_gid) == 0);
    auto const initdb =
        spawn({server_programs() / "initdb", "--no-sync", "-D", folder_ / "data", "-U", "postgres",
                  "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"},
            folder_ / "initdb.log");
    int status = 0;
    ::waitpid(initdb, &status, 0);
    if (status != 0)
        throw std::runtime_error{"initdb failed: see " + (folder_ / "initdb.log").string()};
    port_ = free_port();
    std::ofstream{folder_ / "data" / "postgresql.conf", std::ios::app}
        << fmt::format("listen_addresses = '127.0.0.1'\nport = {}\n"
                       "unix_socket_directories = '{}'\nmax_connections = 200\n"
                       "fsync = on\nsynchronous_commit = on\n",
               port_, folder_.string());
    start();
}

TestCluster::~TestCluster()
{
    end(SIGINT);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

std::string TestCluster::url_of(std::string const& database, std::string const& login) const
{
    return fmt::format("postgres://{}@127.0.0.1:{}/{}", login, port_, database);
}

void TestCluster::start()
{
    process_ =
        spawn({server_programs() / "postgres", "-D", folder_ / "data"}, folder_ / "server.log");
    auto const end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    for (;;) {
        try {
            PostgresSchema const schema{url()};
            return;
        } catch (std::exception const&) {
            if (std::chrono::steady_clock::now() > end
                || ::waitpid(process_, nullptr, WNOHANG) == process_)
                throw;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
}

void TestCluster::stop()
{
    end(SIGINT);
}

void TestCluster::crash()
{
    end(SIGQUIT);
}

void TestCluster::end(int signal)
{
    if (process_ < 0)
        return;
    ::kill(process_, signal);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

/// The server's URL with another database in it.
static std::string with_database(std::string const& url, std::string const& name)
{
    return url.substr(0, url.find('/', url.find("//") + 2)) + "/" + name;
}

static std::string test_server()
{
    if (auto const* const given = std::getenv("HERMOD_TEST_POSTGRES_URL"))
        return given;
    static TestCluster cluster;
    return cluster.url();
}

static std::string name_in(std::string const& url)
{
    return url.substr(url.rfind('/') + 1);
}

std::string new_test_database(std::string const& like)
{
    static std::atomic<int> count{0};
    auto const name = fmt::format("test_{}_{}", ::getpid(), ++count);
    run_sql(test_server(),
        "CREATE DATABASE " + name + (like.empty() ? "" : " TEMPLATE " + name_in(like)));
    return with_database(test_server(), name);
}

void drop_test_database(std::string const& url)
{
    run_sql(test_server(), "DROP DATABASE " + name_in(url) + " WITH (FORCE)");
}

std::string run_sql(std::string const& url, std::string const& sql)
{
    PostgresSchema schema{url};
    if (sql.starts_with("SELECT")) {
        auto const rows = schema.query(sql);
        return rows.empty() ? std::string{} : rows[0].at(0);
    }
    schema.execute_script(sql);
    return {};
}

}
