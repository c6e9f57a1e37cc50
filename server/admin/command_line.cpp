#include "admin/command_line.hpp"

#include "admin/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <ostream>

namespace hermod::admin {

namespace {

/// The command line as parsed: which command, with what.
struct Choice {
    std::string config_file;
    std::string key_id = "k1";
    std::function<void()> command;
};

}

static app::LoadedConfig load(Choice const& choice, app::Environment const& env)
{
    std::optional<std::filesystem::path> file;
    if (!choice.config_file.empty()) {
        file = choice.config_file;
    } else {
        auto const named =
            std::ranges::find(env, "HERMOD_CONFIG", &app::Environment::value_type::first);
        if (named != env.end())
            file = named->second;
    }
    return app::load_config(file, env);
}

static void add_admin_commands(CLI::App& cli, Choice& choice, std::ostream& out)
{
    auto* const admin = cli.add_subcommand("admin", "What an operator does by hand");
    admin->require_subcommand(1);
    auto* const key = admin->add_subcommand(
        "new-master-key", "Print a new line for the master key file; the first line seals");
    key->add_option("--id", choice.key_id, "Names the key in what it seals")->capture_default_str();
    key->callback([&] { choice.command = [&] { print_new_master_key(choice.key_id, out); }; });
}

static void add_commands(
    CLI::App& cli, Choice& choice, app::Environment const& env, std::ostream& out)
{
    cli.add_option("--config", choice.config_file,
        "The configuration file (default: HERMOD_CONFIG, or hermod.toml where there is one)");
    cli.require_subcommand(1);
    cli.add_subcommand("config", "Print each configuration key, its value and where it is from")
        ->callback([&] { choice.command = [&] { print_config(load(choice, env), out); }; });
    add_admin_commands(cli, choice, out);
}

int run_command_line(int argc, char const* const* argv, app::Environment const& env,
    std::ostream& out, std::ostream& err)
{
    Choice choice;
    CLI::App cli{"Hermod, a messaging server", "hermod"};
    cli.set_version_flag("--version", std::string{HERMOD_VERSION});
    add_commands(cli, choice, env, out);
    try {
        cli.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return cli.exit(error, out, err) == 0 ? 0 : 2;
    }
    try {
        choice.command();
        return 0;
    } catch (app::ConfigError const& error) {
        err << "hermod: " << error.what() << '\n';
        return 2;
    } catch (std::exception const& error) {
        err << "hermod: " << error.what() << '\n';
        return 1;
    }
}

}
