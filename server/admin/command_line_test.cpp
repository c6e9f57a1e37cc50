#include "admin/command_line.hpp"
#include "base/crypto.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace hermod::admin {
namespace {

struct Outcome {
    int code;
    std::string out;
    std::string err;
};

Outcome run(std::vector<char const*> arguments, app::Environment const& env = {})
{
    arguments.insert(arguments.begin(), "hermod");
    std::ostringstream out;
    std::ostringstream err;
    auto const code =
        run_command_line(static_cast<int>(arguments.size()), arguments.data(), env, out, err);
    return {code, out.str(), err.str()};
}

TEST(CommandLine, no_command_or_an_unknown_one_is_refused_with_2)
{
    EXPECT_EQ(run({}).code, 2);
    EXPECT_EQ(run({"sevre"}).code, 2);
    EXPECT_EQ(run({"config", "--what"}).code, 2);
    EXPECT_FALSE(run({"sevre"}).err.empty());
}

TEST(CommandLine, help_and_version_are_answers)
{
    EXPECT_EQ(run({"--help"}).code, 0);
    EXPECT_TRUE(run({"--help"}).out.contains("config"));
    EXPECT_EQ(run({"--version"}).code, 0);
}

TEST(CommandLine, config_prints_each_key_with_its_source)
{
    auto const outcome = run({"config"}, {{"HERMOD_LISTEN", "127.0.0.1:9"}});

    EXPECT_EQ(outcome.code, 0);
    EXPECT_TRUE(outcome.out.contains("listen = 127.0.0.1:9")) << outcome.out;
    EXPECT_TRUE(outcome.out.contains("# HERMOD_LISTEN"));
    EXPECT_TRUE(outcome.out.contains("net.threads = 0"));
}

TEST(CommandLine, a_configuration_that_cannot_be_used_is_one_line_and_2)
{
    auto const outcome = run({"config"}, {{"HERMOD_LISTN", "127.0.0.1:9"}});

    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err,
        "hermod: HERMOD_LISTN (environment) is not a known key; did you mean HERMOD_LISTEN?\n");
    EXPECT_EQ(run({"config"}, {{"HERMOD_CONFIG", "/nowhere.toml"}}).code, 2);
    EXPECT_EQ(run({"--config", "/nowhere.toml", "config"}).code, 2);
}

TEST(CommandLine, a_new_master_key_is_a_line_of_a_key_ring)
{
    auto const outcome = run({"admin", "new-master-key", "--id", "k7"});

    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(Keyring::parse(outcome.out).newest(), "k7");
    EXPECT_EQ(run({"admin", "new-master-key", "--id", "a.b"}).code, 1);
}

}
}
