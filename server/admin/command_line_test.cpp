#include "admin/command_line.hpp"
#include "base/crypto.hpp"
#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <vector>

namespace hermod::admin {
namespace {

struct Outcome {
    int code;
    std::string out;
    std::string err;
};

Outcome run(std::vector<char const*> arguments, app::Environment const& env = {},
    std::string const& input = {})
{
    arguments.insert(arguments.begin(), "hermod");
    std::istringstream in{input};
    std::ostringstream out;
    std::ostringstream err;
    auto const code =
        run_command_line(static_cast<int>(arguments.size()), arguments.data(), env, in, out, err);
    return {code, out.str(), err.str()};
}

TEST(CommandLine, no_command_or_an_unknown_one_is_refused_with_2)
{
    EXPECT_EQ(run({}).code, 2);
    EXPECT_EQ(run({"sevre"}).code, 2);
    EXPECT_EQ(run({"config", "--what"}).code, 2);
    EXPECT_EQ(run({"admin"}).code, 2);
    EXPECT_EQ(run({"admin", "rm"}).code, 2);
    EXPECT_TRUE(run({"sevre"}).err.contains("sevre")) << run({"sevre"}).err;
    EXPECT_TRUE(run({"sevre"}).err.contains("serve"));
}

TEST(CommandLine, a_refusal_names_what_there_is_to_choose_and_nothing_else)
{
    struct Row {
        std::vector<char const*> arguments;
        char const* says;
        char const* does_not_say;
    };
    Row const rows[] = {
        {{"sevre"},
            "serve, migrate, config, verify, backup, restore, gen and admin (see hermod --help)",
            "new-master-key"},
        {{}, "serve, migrate, config, verify, backup, restore, gen and admin", "new-master-key"},
        {{"admin", "nope"},
            "status, hold, resume, restored, new-master-key, create-workspace and create-api-key "
            "(see hermod admin --help)",
            "migrate"},
        {{"admin"},
            "status, hold, resume, restored, new-master-key, create-workspace and create-api-key",
            "migrate"},
        {{"admin", "create-api-key", "--name", "a", "--scope", "admin"},
            "--workspace is required; see hermod admin create-api-key --help", "migrate"},
        {{"config", "--what"}, "--what; see hermod config --help", "migrate"},
        {{"serve", "migrate"}, "migrate; see hermod serve --help", "there are"},
    };
    for (auto const& row : rows) {
        auto const outcome = run(row.arguments);

        EXPECT_EQ(outcome.code, 2) << row.says;
        EXPECT_TRUE(outcome.err.contains(row.says)) << outcome.err;
        EXPECT_FALSE(outcome.err.contains(row.does_not_say)) << outcome.err;
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    }
}

TEST(CommandLine, the_configuration_file_may_be_named_before_or_after_the_command)
{
    for (auto const& arguments : {std::vector{"--config", "/nowhere.toml", "config"},
             std::vector{"config", "--config", "/nowhere.toml"},
             std::vector{"admin", "create-api-key", "--workspace", "wsp_x", "--name", "a",
                 "--scope", "admin", "--config", "/nowhere.toml"}})
        EXPECT_EQ(
            run(arguments).err, "hermod: the configuration file /nowhere.toml cannot be read\n");
    EXPECT_EQ(run({"config", "--config", "/tmp"}).err,
        "hermod: the configuration file /tmp is a folder\n");
}

TEST(CommandLine, help_and_version_are_answers)
{
    EXPECT_EQ(run({"--help"}).code, 0);
    EXPECT_TRUE(run({"--help"}).out.contains("config"));
    EXPECT_EQ(run({"admin", "--help"}).code, 0);
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

/// A data folder of its own, with a master key.
class AdminTest : public testing::Test {
protected:
    AdminTest()
    {
        char pattern[] = "/tmp/hermod-admin-XXXXXX";
        folder_ = mkdtemp(pattern);
        env_ = {{"HERMOD_DATA_DIR", folder_}, {"HERMOD_MASTER_KEY", Keyring::generate_line("k1")}};
    }
    ~AdminTest() override { std::filesystem::remove_all(folder_); }

    Outcome create_workspace(std::string const& password = "correct horse\n")
    {
        return run({"admin", "create-workspace", "--email", "ana@example.com", "--name", "Ana",
                       "--workspace", "Shop"},
            env_, password);
    }

    std::string folder_;
    app::Environment env_;
};

TEST_F(AdminTest, migrate_brings_the_schema_up_once)
{
    auto const first = run({"migrate"}, env_);
    auto const second = run({"migrate"}, env_);

    EXPECT_EQ(first.code, 0) << first.err;
    EXPECT_TRUE(first.out.starts_with("The schema went from step 0 to ")) << first.out;
    EXPECT_TRUE(second.out.contains("nothing to do")) << second.out;
}

TEST_F(AdminTest, a_workspace_is_made_with_its_login_and_an_api_key)
{
    auto const made = create_workspace();
    ASSERT_EQ(made.code, 0) << made.err;
    auto const workspace = made.out.substr(0, made.out.find(' '));
    auto const key = run({"admin", "create-api-key", "--workspace", workspace.c_str(), "--name",
                             "shop", "--scope", "messages:send", "--test"},
        env_);

    EXPECT_TRUE(WorkspaceId::parse(workspace)) << made.out;
    EXPECT_EQ(key.code, 0) << key.err;
    EXPECT_TRUE(key.out.starts_with("hk_test_")) << key.out;
}

TEST_F(AdminTest, what_the_api_would_refuse_is_refused_in_one_line)
{
    ASSERT_EQ(create_workspace().code, 0);

    auto const again = create_workspace();
    EXPECT_EQ(again.code, 1);
    EXPECT_EQ(again.err,
        "hermod: The e-mail address is already registered; email is already registered\n");
    auto const weak = create_workspace("short\n");
    EXPECT_EQ(weak.code, 1);
    EXPECT_TRUE(weak.err.contains("password")) << weak.err;
    auto const nowhere =
        run({"admin", "create-api-key", "--workspace", "wsp_x", "--name", "a", "--scope", "admin"},
            env_);
    EXPECT_EQ(nowhere.err, "hermod: There is no such workspace\n");
}

TEST_F(AdminTest, gen_writes_the_documents_of_the_api)
{
    auto const api = folder_ + "/api";

    EXPECT_EQ(run({"gen", api.c_str()}).code, 0);

    for (auto const* name :
        {"openapi.json", "events.json", "errors.json", "config.md", "metrics.md"})
        EXPECT_TRUE(std::filesystem::exists(api + "/" + name)) << name;
}

TEST_F(AdminTest, serve_refuses_what_it_cannot_use_in_one_line)
{
    auto const no_key = run({"serve"}, {{"HERMOD_DATA_DIR", folder_}});
    EXPECT_EQ(no_key.code, 2);
    EXPECT_TRUE(no_key.err.starts_with("hermod: there is no master key: ")) << no_key.err;

    auto env = env_;
    env[0].second = "/dev/null/data";
    auto const unwritable = run({"serve"}, env);
    EXPECT_EQ(unwritable.code, 2);
    EXPECT_TRUE(unwritable.err.contains("/dev/null/data cannot be written")) << unwritable.err;

    auto const elsewhere = "sqlite:" + folder_ + "/nowhere/x.db";
    env = env_;
    env.emplace_back("HERMOD_DATABASE_URL", elsewhere);
    EXPECT_EQ(run({"migrate"}, env).err,
        "hermod: database.url: the folder " + folder_ + "/nowhere does not exist\n");
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/nowhere"));

    env = env_;
    env.emplace_back("HERMOD_NET_CA_FILE", "/nowhere.pem");
    EXPECT_EQ(run({"serve"}, env).err,
        "hermod: net.ca_file: /nowhere.pem cannot be read: No such file or directory\n");
    env.back().second = "/dev/null";
    EXPECT_EQ(
        run({"serve"}, env).err, "hermod: net.ca_file: /dev/null holds no certificate in PEM\n");
}

}
}
