#pragma once

#include "base/log.hpp"
#include "base/reflect.hpp"
#include "jobs/limits.hpp"
#include "net/forwarded.hpp"

#include "webhooks/limits.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermod::app {

/// An IP address (never a name but `localhost`) and a port; port 0 lets the system choose one.
struct Endpoint {
    std::string host;
    std::uint16_t port = 0;

    bool is_loopback() const;
    std::string str() const; ///< `127.0.0.1:8080`, `[::1]:8080`
};

struct DatabaseConfig {
    std::string url;
    std::string migrate_url;
    int writer_threads = 0;
    int reader_threads = 0;
};
BOOST_DESCRIBE_STRUCT(DatabaseConfig, (), (url, migrate_url, writer_threads, reader_threads))

/// Requests a minute; 0 is no limit.
struct RateLimitConfig {
    int per_address = 1'200;
    int per_key = 6'000;
    int per_workspace = 60'000;
    int sign_in_per_address = 30;
};
BOOST_DESCRIBE_STRUCT(
    RateLimitConfig, (), (per_address, per_key, per_workspace, sign_in_per_address))

/// Both empty: plain HTTP.
struct TlsConfig {
    std::string certificate_file;
    std::string key_file;
};
BOOST_DESCRIBE_STRUCT(TlsConfig, (), (certificate_file, key_file))

struct NetConfig {
    int threads = 0;
    int max_connections = 10'000;
    std::chrono::seconds header_timeout{10};
    std::chrono::seconds body_timeout{10};
    std::chrono::seconds idle_timeout{75};
    std::chrono::seconds drain_timeout{20};
    bool allow_private_networks = false;
    std::string ca_file;
    TlsConfig tls;
    std::chrono::days hsts{365};
    std::vector<std::string> trusted_proxies; ///< each a network
    net::ForwardedBy forwarded_header = net::ForwardedBy::x_forwarded_for;
    std::vector<std::string> cors_origins;
    bool compress = true;
    RateLimitConfig rate_limit;
};
BOOST_DESCRIBE_STRUCT(NetConfig, (),
    (threads, max_connections, header_timeout, body_timeout, idle_timeout, drain_timeout,
        allow_private_networks, ca_file, tls, hsts, trusted_proxies, forwarded_header, cors_origins,
        compress, rate_limit))

struct LogConfig {
    log::Format format = log::Format::json;
    log::Level level = log::Level::info;
    bool access = false;
};
BOOST_DESCRIBE_STRUCT(LogConfig, (), (format, level, access))

struct TestingConfig {
    bool clock = false;
};
BOOST_DESCRIBE_STRUCT(TestingConfig, (), (clock))

struct EventsConfig {
    std::chrono::days retention{30};
};
BOOST_DESCRIBE_STRUCT(EventsConfig, (), (retention))

struct IdempotencyConfig {
    std::chrono::hours keep{24};
};
BOOST_DESCRIBE_STRUCT(IdempotencyConfig, (), (keep))

struct AuthConfig {
    std::chrono::minutes access_token{15};
    std::chrono::days refresh_token{30};
};
BOOST_DESCRIBE_STRUCT(AuthConfig, (), (access_token, refresh_token))

struct LimitsConfig {
    int accounts = 100;
};
BOOST_DESCRIBE_STRUCT(LimitsConfig, (), (accounts))

/// What an operator may decide. A key is declared once, in config.cpp, with its bounds and text;
/// the defaults stand here. After load_config what follows from another key is filled in:
/// `database.url`, `database.migrate_url`, `master_key_file` and `public_url` are never empty.
struct Config {
    Endpoint listen{"127.0.0.1", 8080};
    std::string public_url;
    std::string data_dir = "./data";
    std::string master_key;
    std::string master_key_file;
    DatabaseConfig database;
    NetConfig net;
    LogConfig log;
    TestingConfig testing;
    EventsConfig events;
    jobs::Limits jobs;
    webhooks::Limits webhooks;
    IdempotencyConfig idempotency;
    AuthConfig auth;
    LimitsConfig limits;
};
BOOST_DESCRIBE_STRUCT(Config, (),
    (listen, public_url, data_dir, master_key, master_key_file, database, net, log, testing, events,
        jobs, webhooks, idempotency, auth, limits))

/// A configuration that cannot be used; `what()` is one line for the operator that names the key
/// and where the value came from.
class ConfigError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One key as `hermod config` shows it: the value with secrets masked, and its source: `default`,
/// `HERMOD_LISTEN`, or `hermod.toml:12`.
struct ShownSetting {
    std::string key;
    std::string value;
    std::string source;
};

struct LoadedConfig {
    Config config;
    std::vector<ShownSetting> settings;
};

using Environment = std::vector<std::pair<std::string, std::string>>;

/// The variables of this process.
Environment process_environment();

/// `HERMOD_*` before the file before the defaults. Without a file, `hermod.toml` of the working
/// folder is read where it exists. Throws ConfigError: unreadable file, bad TOML, unknown key (with
/// the nearest known one), a value out of bounds, keys that contradict each other.
LoadedConfig load_config(std::optional<std::filesystem::path> const& file, Environment const& env);

/// api/config.md: every key with type, default, bounds and text.
std::string config_reference();

}
