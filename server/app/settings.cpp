#include "app/settings.hpp"

#include "base/text.hpp"
#include "net/cors.hpp"
#include "net/ip_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <concepts>

namespace hermod::log {
BOOST_DESCRIBE_ENUM(Format, json, pretty)
BOOST_DESCRIBE_ENUM(Level, debug, info, warn, error)
}

namespace hermod::net {
BOOST_DESCRIBE_ENUM(ForwardedBy, x_forwarded_for, forwarded)
}

namespace hermod::app {

using Refused = std::unexpected<std::string>;
using Result = std::expected<void, std::string>;

static std::optional<std::int64_t> to_integer(std::string_view text)
{
    std::int64_t value = 0;
    auto const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && rest == end ? std::optional{value} : std::nullopt;
}

static bool is_address(std::string const& host)
{
    in_addr v4{};
    in6_addr v6{};
    return host == "localhost" || inet_pton(AF_INET, host.c_str(), &v4) == 1
        || inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

static std::optional<Endpoint> to_endpoint(std::string_view text)
{
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return std::nullopt;
    auto host = text.substr(0, colon);
    bool const bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    auto const port = to_integer(text.substr(colon + 1));
    if (!port || *port < 0 || *port > 65535 || host.contains(':') != bracketed
        || !is_address(std::string{host}))
        return std::nullopt;
    return Endpoint{std::string{host}, static_cast<std::uint16_t>(*port)};
}

/// `postgres://ana:***@host/db`.
static std::string without_password(std::string_view url)
{
    auto const scheme = url.find("://");
    auto const at = scheme == std::string_view::npos ? scheme : url.find('@', scheme);
    auto const colon = at == std::string_view::npos ? at : url.find(':', scheme + 3);
    if (colon == std::string_view::npos || colon > at)
        return std::string{url};
    return fmt::format("{}:***{}", url.substr(0, colon), url.substr(at));
}

/// How a value is found in a Config, const or not: `[](auto& c) -> auto& { return c.listen; }`.
template <class Member>
static Setting text(std::string_view key, Member member, std::string_view doc)
{
    return {key, Setting::Kind::text, "text", doc,
        [member](Config& config, std::string_view value) -> Result {
            if (value.empty())
                return Refused{"must not be empty"};
            member(config) = std::string{value};
            return {};
        },
        [member](Config const& config) { return member(config); }};
}

template <class Member>
static Setting secret(std::string_view key, Member member, std::string_view doc)
{
    auto setting = text(key, member, doc);
    setting.type = "secret text";
    setting.show = [member](Config const& config) { return member(config).empty() ? "" : "***"; };
    return setting;
}

template <class Member>
static Setting database_url(
    std::string_view key, Member member, std::string_view default_text, std::string_view doc)
{
    return {key, Setting::Kind::text, "`sqlite:FILE` or `postgres://…`", doc,
        [member](Config& config, std::string_view value) -> Result {
            bool const known = (value.starts_with("sqlite:") && value.size() > 7)
                || value.starts_with("postgres://") || value.starts_with("postgresql://");
            if (!known)
                return Refused{"must be sqlite:FILE or postgres://…"};
            member(config) = std::string{value};
            return {};
        },
        [member](Config const& config) { return without_password(member(config)); }, default_text};
}

template <class T>
constexpr bool is_duration = false;
template <class Rep, class Period>
constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

/// An int or a duration; a duration is written as a whole number of its own unit, which the key
/// names.
template <class Member>
static Setting number(
    std::string_view key, Member member, std::int64_t min, std::int64_t max, std::string_view doc)
{
    using Value = std::remove_reference_t<std::invoke_result_t<Member, Config&>>;
    auto type = fmt::format("a whole number from {} to {}", min, max);
    return {key, Setting::Kind::number, type, doc,
        [member, min, max, type](Config& config, std::string_view value) -> Result {
            auto const read = to_integer(value);
            if (!read || *read < min || *read > max)
                return Refused{fmt::format("must be {}", type)};
            if constexpr (is_duration<Value>)
                member(config) = Value{static_cast<typename Value::rep>(*read)};
            else
                member(config) = static_cast<Value>(*read);
            return {};
        },
        [member](Config const& config) {
            if constexpr (is_duration<Value>)
                return std::to_string(member(config).count());
            else
                return std::to_string(member(config));
        }};
}

template <class Member>
static Setting flag(std::string_view key, Member member, std::string_view doc)
{
    return {key, Setting::Kind::flag, "true or false", doc,
        [member](Config& config, std::string_view value) -> Result {
            if (value != "true" && value != "false")
                return Refused{"must be true or false"};
            member(config) = value == "true";
            return {};
        },
        [member](Config const& config) { return std::string{member(config) ? "true" : "false"}; }};
}

template <class Member>
static Setting choice(std::string_view key, Member member, std::string_view doc)
{
    using Enum = std::remove_reference_t<std::invoke_result_t<Member, Config&>>;
    std::string names;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<Enum>>([&](auto enumerator) {
        names += (names.empty() ? "" : ", ") + std::string{enumerator.name};
    });
    return {key, Setting::Kind::text, "one of " + names, doc,
        [member, names](Config& config, std::string_view value) -> Result {
            auto const named = from_name<Enum>(value);
            if (!named)
                return Refused{"must be one of " + names};
            member(config) = *named;
            return {};
        },
        [member](Config const& config) { return std::string{to_name(member(config))}; }};
}

/// In TOML an array of texts, in the environment separated by commas; may be empty.
template <class Member>
static Setting list(std::string_view key, Member member, std::string type,
    bool (*is_item)(std::string_view), std::string_view doc)
{
    return {key, Setting::Kind::list, type, doc,
        [member, type, is_item](Config& config, std::string_view value) -> Result {
            std::vector<std::string> items;
            while (!value.empty()) {
                auto const comma = std::min(value.find(','), value.size());
                auto const item = trim(value.substr(0, comma));
                if (!is_item(item))
                    return Refused{fmt::format("must be {}; '{}' is none", type, item)};
                items.emplace_back(item);
                value.remove_prefix(std::min(comma + 1, value.size()));
            }
            member(config) = std::move(items);
            return {};
        },
        [member](
            Config const& config) { return fmt::format("{}", fmt::join(member(config), ",")); }};
}

static Setting listen_setting()
{
    return {"listen", Setting::Kind::text, "address:port",
        "Where the HTTP server listens; an IP address or `localhost`, IPv6 in brackets.",
        [](Config& config, std::string_view value) -> Result {
            auto endpoint = to_endpoint(value);
            if (!endpoint)
                return Refused{"must be an IP address and a port, such as 127.0.0.1:8080"};
            config.listen = *std::move(endpoint);
            return {};
        },
        [](Config const& config) { return config.listen.str(); }};
}

static Setting public_url_setting()
{
    return {"public_url", Setting::Kind::text, "an http:// or https:// URL",
        "How clients and providers reach this server from outside; no slash at the end.",
        [](Config& config, std::string_view value) -> Result {
            bool const http = value.starts_with("http://") || value.starts_with("https://");
            if (!http || value.ends_with('/'))
                return Refused{"must be an http:// or https:// URL without a slash at the end"};
            config.public_url = std::string{value};
            return {};
        },
        [](Config const& config) { return config.public_url; }, "http://<listen>"};
}

// The member of a Config that a key stands for.
#define AT(path) [](auto& config) -> auto& { return config.path; }

static void add_storage(std::vector<Setting>& all)
{
    all.push_back(text("data_dir", AT(data_dir),
        "The folder of the embedded database, the master key and stored files."));
    all.push_back(secret("master_key", AT(master_key),
        "The key ring that seals credentials: lines `id:64 hex digits`, newest first. Best given "
        "in the environment, instead of a file."));
    all.push_back(text("master_key_file", AT(master_key_file),
        "The file that holds the key ring; readable by the server alone."));
    all.back().default_text = "<data_dir>/master.key";
    all.push_back(database_url("database.url", AT(database.url), "sqlite:<data_dir>/hermod.db",
        "The database. PostgreSQL must be 15 or newer and durable (`fsync`, "
        "`synchronous_commit`)."));
    all.push_back(database_url("database.migrate_url", AT(database.migrate_url), "<database.url>",
        "How the schema is migrated, by `hermod migrate` and at a server's start: as the owner of "
        "the tables, where the server itself runs as another role."));
    all.push_back(number("database.writer_threads", AT(database.writer_threads), 0, 64,
        "Threads that write to PostgreSQL; 0 for one that fits the cores. SQLite has one writer."));
    all.push_back(number("database.reader_threads", AT(database.reader_threads), 0, 64,
        "Threads, each with a connection, that read; 0 for one per core."));
}

static void add_tls(std::vector<Setting>& all)
{
    all.push_back(text("net.tls.certificate_file", AT(net.tls.certificate_file),
        "A PEM file with the certificate this server shows and those that lead to its authority; "
        "with it `listen` speaks TLS alone. Read again on SIGHUP."));
    all.push_back(text("net.tls.key_file", AT(net.tls.key_file),
        "The PEM file of the certificate's private key, not encrypted; readable by the server "
        "alone."));
    all.push_back(number("net.hsts_days", AT(net.hsts), 0, 3'650,
        "Days that browsers which came over TLS will use nothing else for this host; 0: they are "
        "not told to."));
}

static void add_browsers_and_proxies(std::vector<Setting>& all)
{
    all.push_back(list(
        "net.trusted_proxies", AT(net.trusted_proxies),
        "a list of networks, such as 10.0.0.0/8 or fd00::/8",
        [](std::string_view item) { return net::Network::parse(item).has_value(); },
        "Whose word on the client's address, scheme and host is taken. Anyone in these networks "
        "can claim any address: name the proxies, not the whole site."));
    all.push_back(choice("net.forwarded_header", AT(net.forwarded_header),
        "Which header the trusted proxies write: `x_forwarded_for` (with X-Forwarded-Proto and "
        "-Host), or RFC 7239's `forwarded`. The other is not read, as a client may have sent it."));
    all.push_back(list("net.cors_origins", AT(net.cors_origins),
        "a list of origins, such as https://app.example.com, or *", &net::is_cors_origin,
        "Web pages of which origins may call the API. `*` lets every page call it, but without "
        "cookies."));
    all.push_back(flag("net.compress", AT(net.compress),
        "Whether large answers are compressed for clients that ask for it."));
}

static void add_net(std::vector<Setting>& all)
{
    all.push_back(number(
        "net.threads", AT(net.threads), 0, 256, "Threads that serve sockets; 0 for one per core."));
    all.push_back(number("net.max_connections", AT(net.max_connections), 1, 1'000'000,
        "Open connections; one more is refused at once."));
    all.push_back(number("net.header_timeout_s", AT(net.header_timeout), 1, 300,
        "Seconds a client may take to send a request's headers."));
    all.push_back(number("net.body_timeout_s", AT(net.body_timeout), 1, 3'600,
        "Seconds that a request's body, or the reading of its answer, may take besides what 4 KiB "
        "a "
        "second give."));
    all.push_back(number("net.idle_timeout_s", AT(net.idle_timeout), 1, 3'600,
        "Seconds a kept connection may wait for its next request."));
    all.push_back(number("net.drain_timeout_s", AT(net.drain_timeout), 0, 600,
        "Seconds that requests and jobs under way get to finish when the server stops."));
    all.push_back(flag("net.allow_private_networks", AT(net.allow_private_networks),
        "Whether addresses that users name (webhooks, mail servers) may be in private networks. "
        "Only for an installation whose users are trusted with the network it stands in."));
    all.push_back(text("net.ca_file", AT(net.ca_file),
        "A PEM file of the authorities that outgoing TLS (webhooks, mail servers) trusts; empty: "
        "the system's."));
    add_tls(all);
    add_browsers_and_proxies(all);
    all.push_back(number("net.rate_limit.per_address", AT(net.rate_limit.per_address), 0,
        10'000'000, "Requests a minute from one address without valid credentials; 0: no limit."));
    all.push_back(number("net.rate_limit.per_key", AT(net.rate_limit.per_key), 0, 10'000'000,
        "Requests a minute with one API key or login; 0: no limit."));
    all.push_back(number("net.rate_limit.per_workspace", AT(net.rate_limit.per_workspace), 0,
        10'000'000, "Requests a minute of one workspace, all its callers together; 0: no limit."));
    all.push_back(
        number("net.rate_limit.sign_in_per_address", AT(net.rate_limit.sign_in_per_address), 0,
            1'000'000, "Attempts a minute to register or sign in from one address; 0: no limit."));
}

static void add_features(std::vector<Setting>& all)
{
    all.push_back(number("events.retention_days", AT(events.retention), 1, 3'650,
        "Days that events stay readable in a workspace's log."));
    all.push_back(number("jobs.concurrency", AT(jobs.concurrency), 1, 100'000,
        "Jobs under way at once in this process."));
    all.push_back(number("jobs.per_workspace", AT(jobs.per_workspace), 1, 100'000,
        "Of these, jobs of one workspace; its campaigns get half of them."));
    all.push_back(number("webhooks.concurrency", AT(webhooks.concurrency), 1, 10'000,
        "Requests of webhook deliveries under way at once in this process; endpoints that fail or "
        "are slow get half of them."));
    all.push_back(number("webhooks.per_endpoint", AT(webhooks.per_endpoint), 1, 1'000,
        "Of these, requests to one webhook."));
    all.push_back(number("idempotency.keep_hours", AT(idempotency.keep), 1, 168,
        "Hours an `Idempotency-Key` is remembered."));
    all.push_back(number("auth.access_token_minutes", AT(auth.access_token), 1, 1'440,
        "Minutes an access token of a login is good for."));
    all.push_back(number("auth.refresh_token_days", AT(auth.refresh_token), 1, 365,
        "Days a session can be refreshed for."));
    all.push_back(
        number("limits.accounts", AT(limits.accounts), 1, 1'000'000, "Accounts of one workspace."));
}

static std::vector<Setting> declare_settings()
{
    std::vector<Setting> all;
    all.push_back(listen_setting());
    all.push_back(public_url_setting());
    add_storage(all);
    add_net(all);
    add_features(all);
    all.push_back(choice("log.format", AT(log.format),
        "How log lines are written to standard error: `json`, or `pretty` for people."));
    all.push_back(choice("log.level", AT(log.level), "The least severe level that is logged."));
    all.push_back(flag("log.access", AT(log.access),
        "Whether each request is a line in the log: method, route, status, bytes, time, client, "
        "workspace, request id."));
    all.push_back(flag("testing.clock", AT(testing.clock),
        "Adds `POST /api/v1/testing/clock`, which moves the server's time. Refused unless "
        "listening on a loopback address."));
    return all;
}

#undef AT

std::string Setting::variable() const
{
    std::string name{"HERMOD_"};
    for (char const c : key)
        name.push_back(c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c));
    return name;
}

std::vector<Setting> const& all_settings()
{
    static std::vector<Setting> const settings = declare_settings();
    return settings;
}

Setting const* find_setting(std::string_view key)
{
    auto const& settings = all_settings();
    auto const found = std::ranges::find(settings, key, &Setting::key);
    return found == settings.end() ? nullptr : &*found;
}

}
