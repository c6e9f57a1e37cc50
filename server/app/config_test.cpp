#include "app/config.hpp"
#include "app/master_key.hpp"
#include "app/settings.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace hermod::app {
namespace {

using namespace std::string_literals;

class ConfigTest : public testing::Test {
protected:
    ConfigTest()
    {
        char pattern[] = "/tmp/hermod-config-XXXXXX";
        folder_ = mkdtemp(pattern);
    }
    ~ConfigTest() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path file(std::string const& text) const
    {
        auto const path = folder_ / "hermod.toml";
        std::ofstream{path} << text;
        return path;
    }

    Config load(std::string const& toml, Environment const& env = {}) const
    {
        return load_config(file(toml), env).config;
    }

    /// The one line an operator reads.
    std::string refusal(std::string const& toml, Environment const& env = {}) const
    {
        try {
            load_config(file(toml), env);
        } catch (ConfigError const& error) {
            return error.what();
        }
        return "accepted";
    }

    std::filesystem::path folder_;
};

ShownSetting shown(LoadedConfig const& loaded, std::string_view key)
{
    for (auto const& setting : loaded.settings) {
        if (setting.key == key)
            return setting;
    }
    ADD_FAILURE() << key << " is not shown";
    return {};
}

template <class T>
constexpr std::size_t leaves()
{
    std::size_t count = 0;
    for_each_field<T>([&]<class V>(auto, auto, std::type_identity<V>) {
        if constexpr (Described<V>)
            count += leaves<V>();
        else
            ++count;
    });
    return count;
}

TEST_F(ConfigTest, every_field_has_a_key_and_every_key_a_text)
{
    EXPECT_EQ(all_settings().size(), leaves<Config>());
    for (auto const& setting : all_settings()) {
        EXPECT_GT(setting.doc.size(), 20U) << setting.key;
        EXPECT_TRUE(config_reference().contains("`" + std::string{setting.key} + "`"));
    }
}

TEST_F(ConfigTest, every_default_is_a_value_its_key_takes)
{
    Config config;
    for (auto const& setting : all_settings()) {
        auto const text = setting.show(config);
        if (!text.empty()) {
            EXPECT_TRUE(setting.set(config, text)) << setting.key << " = " << text;
        }
    }
}

TEST_F(ConfigTest, keys_set_the_field_of_their_name)
{
    auto const config = load("listen = \"[::1]:9000\"\n"
                             "[net]\nthreads = 3\nallow_private_networks = true\n"
                             "[net.rate_limit]\nper_key = 0\n"
                             "[log]\nformat = \"pretty\"\nlevel = \"warn\"\n"
                             "[events]\nretention_days = 7\n");

    EXPECT_EQ(config.listen.host, "::1");
    EXPECT_EQ(config.listen.port, 9000);
    EXPECT_EQ(config.net.threads, 3);
    EXPECT_TRUE(config.net.allow_private_networks);
    EXPECT_EQ(config.net.rate_limit.per_key, 0);
    EXPECT_EQ(config.log.format, log::Format::pretty);
    EXPECT_EQ(config.log.level, log::Level::warn);
    EXPECT_EQ(config.events.retention, std::chrono::days{7});
}

TEST_F(ConfigTest, a_list_is_an_array_or_separated_by_commas)
{
    auto const array = load("[net]\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n");
    auto const text = load("", {{"HERMOD_NET_TRUSTED_PROXIES", "10.0.0.0/8, ::1"}});
    auto const none = load("[net]\ntrusted_proxies = []\n", {{"HERMOD_NET_CORS_ORIGINS", ""}});

    std::vector<std::string> const both{"10.0.0.0/8", "::1"};
    EXPECT_EQ(array.net.trusted_proxies, both);
    EXPECT_EQ(text.net.trusted_proxies, both);
    EXPECT_TRUE(none.net.trusted_proxies.empty());
    EXPECT_TRUE(none.net.cors_origins.empty());
    for (auto const bad : {"[\"10.0.0.1/8\"]", "\"10.0.0.0/8\"", "[1]", "[\"::1,::2\"]", "[\"\"]"})
        EXPECT_TRUE(refusal("[net]\ntrusted_proxies = "s + bad)
                .starts_with("net.trusted_proxies (hermod.toml:2) must be a list of "
                             "networks, such as 10.0.0.0/8 or fd00::/8"))
            << bad;
    EXPECT_NE(refusal("", {{"HERMOD_NET_CORS_ORIGINS", "https://a.example,https://b.example/"}})
                  .find("'https://b.example/' is none"),
        std::string::npos);
}

TEST_F(ConfigTest, a_certificate_and_its_key_go_together)
{
    auto const both = load("[net.tls]\ncertificate_file = \"c\"\nkey_file = \"k\"\n");

    EXPECT_EQ(both.net.tls.key_file, "k");
    EXPECT_EQ(both.public_url, "https://127.0.0.1:8080");
    for (auto const one : {"certificate_file", "key_file"})
        EXPECT_EQ(refusal("[net.tls]\n"s + one + " = \"x\"\n"),
            "net.tls.certificate_file and net.tls.key_file go together: set both or none");
}

TEST_F(ConfigTest, the_environment_wins_over_the_file_and_the_file_over_the_default)
{
    auto const loaded = load_config(
        file("data_dir = \"/srv/h\"\n[net]\nthreads = 3\n"), {{"HERMOD_NET_THREADS", "5"}});

    EXPECT_EQ(loaded.config.net.threads, 5);
    EXPECT_EQ(shown(loaded, "net.threads").source, "HERMOD_NET_THREADS");
    EXPECT_EQ(shown(loaded, "data_dir").value, "/srv/h");
    EXPECT_EQ(shown(loaded, "data_dir").source, "hermod.toml:1");
    EXPECT_EQ(shown(loaded, "net.max_connections").source, "default");
}

TEST_F(ConfigTest, what_follows_from_another_key_is_filled_in)
{
    auto const config = load("data_dir = \"/srv/h\"\nlisten = \"127.0.0.1:81\"");

    EXPECT_EQ(config.database.url, "sqlite:/srv/h/hermod.db");
    EXPECT_EQ(config.database.migrate_url, config.database.url);
    EXPECT_EQ(config.master_key_file, "/srv/h/master.key");
    EXPECT_EQ(config.public_url, "http://127.0.0.1:81");
}

TEST_F(ConfigTest, an_unknown_key_is_refused_with_the_nearest_known_one)
{
    EXPECT_EQ(refusal("[net]\nthread = 3"),
        "net.thread (hermod.toml:2) is not a known key; did you mean net.threads?");
    EXPECT_EQ(refusal("allow_private_networks = true"),
        "allow_private_networks (hermod.toml:1) is not a known key; "
        "did you mean net.allow_private_networks?");
    EXPECT_EQ(refusal("", {{"HERMOD_LISTEM", "x"}}),
        "HERMOD_LISTEM (environment) is not a known key; did you mean HERMOD_LISTEN?");
    EXPECT_EQ(refusal("wholly_different_thing = 1"),
        "wholly_different_thing (hermod.toml:1) is not a known key; `hermod config` lists them");
}

TEST_F(ConfigTest, variables_of_tools_are_not_keys)
{
    EXPECT_EQ(refusal("", {{"HERMOD_TEST_POSTGRES", "x"}, {"HERMOD_CONFIG", "y"}, {"PATH", "z"}}),
        "accepted");
}

TEST_F(ConfigTest, a_wrong_value_is_refused_with_key_source_and_bounds)
{
    EXPECT_EQ(refusal("[net]\nthreads = 257"),
        "net.threads (hermod.toml:2) must be a whole number from 0 to 256");
    EXPECT_EQ(refusal("[net]\nthreads = \"3\""),
        "net.threads (hermod.toml:2) must be a whole number from 0 to 256");
    EXPECT_EQ(refusal("", {{"HERMOD_NET_THREADS", "3x"}}),
        "net.threads (HERMOD_NET_THREADS) must be a whole number from 0 to 256");
    EXPECT_EQ(refusal("", {{"HERMOD_TESTING_CLOCK", "yes"}}),
        "testing.clock (HERMOD_TESTING_CLOCK) must be true or false");
    EXPECT_EQ(refusal("[log]\nformat = \"xml\""),
        "log.format (hermod.toml:2) must be one of json, pretty");
    EXPECT_EQ(refusal("listen = 8080"), "listen (hermod.toml:1) must be address:port");
    EXPECT_EQ(refusal("[listen]\nport = 1"),
        "listen.port (hermod.toml:2) is not a known key; `hermod config` lists them");
    EXPECT_EQ(refusal("[database]\nurl = \"mysql://x\""),
        "database.url (hermod.toml:2) must be sqlite:FILE or postgres://…");
    EXPECT_EQ(refusal("data_dir = \"\""), "data_dir (hermod.toml:1) must not be empty");
    EXPECT_TRUE(refusal("listen = ").starts_with("hermod.toml:1 is not TOML: "));
}

TEST_F(ConfigTest, listen_takes_addresses_and_ports_only)
{
    for (auto const* good : {"127.0.0.1:0", "0.0.0.0:65535", "localhost:80", "[::]:8080"})
        EXPECT_EQ(refusal("", {{"HERMOD_LISTEN", good}}), "accepted") << good;
    for (auto const* bad : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
             "127.0.0.1:-1", "::1:8080", "[127.0.0.1]:80", "example.com:80", "127.0.0.1:80 "})
        EXPECT_NE(refusal("", {{"HERMOD_LISTEN", bad}}), "accepted") << bad;
}

TEST_F(ConfigTest, the_testing_clock_is_refused_outside_loopback)
{
    EXPECT_EQ(refusal("listen = \"0.0.0.0:80\"", {{"HERMOD_TESTING_CLOCK", "true"}}),
        "testing.clock (HERMOD_TESTING_CLOCK) is refused unless listen is a loopback address, "
        "and listen (hermod.toml:1) is 0.0.0.0:80");
    EXPECT_EQ(refusal("", {{"HERMOD_TESTING_CLOCK", "true"}}), "accepted");
}

TEST_F(ConfigTest, secrets_are_masked)
{
    auto const loaded = load_config(file("[database]\nurl = \"postgres://ana:pw@db/hermod\""),
        {{"HERMOD_MASTER_KEY", "k1:00"}});

    EXPECT_EQ(shown(loaded, "master_key").value, "***");
    EXPECT_EQ(shown(loaded, "database.url").value, "postgres://ana:***@db/hermod");
    EXPECT_EQ(shown(loaded, "database.migrate_url").value, "postgres://ana:***@db/hermod");
}

TEST_F(ConfigTest, a_named_file_that_cannot_be_read_is_refused)
{
    EXPECT_THROW(load_config(folder_ / "none.toml", {}), ConfigError);
}

TEST_F(ConfigTest, the_master_key_comes_from_the_key_or_the_file)
{
    auto const line = Keyring::generate_line("k1");
    auto const path = folder_ / "master.key";
    std::ofstream{path} << line;

    EXPECT_EQ(load_master_key(load("", {{"HERMOD_MASTER_KEY", line}})).newest(), "k1");
    EXPECT_EQ(
        load_master_key(load("", {{"HERMOD_MASTER_KEY_FILE", path.string()}})).newest(), "k1");
}

TEST_F(ConfigTest, a_missing_or_damaged_master_key_is_refused)
{
    auto const path = folder_ / "master.key";

    EXPECT_THROW(load_master_key(load("data_dir = \"" + folder_.string() + "\"")), ConfigError);
    std::ofstream{path} << "k1:1234";
    EXPECT_THROW(load_master_key(load("data_dir = \"" + folder_.string() + "\"")), ConfigError);
    EXPECT_THROW(load_master_key(load("", {{"HERMOD_MASTER_KEY", "nonsense"}})), ConfigError);
    EXPECT_NE(
        refusal("", {{"HERMOD_MASTER_KEY", "a"}, {"HERMOD_MASTER_KEY_FILE", "b"}}), "accepted");
}

}
}
