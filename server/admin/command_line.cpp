#include "admin/command_line.hpp"

#include "admin/commands.hpp"
#include "app/app.hpp"
#include "base/errors.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <istream>
#include <ostream>

namespace hermod::admin {

namespace {

/// What commands read and write.
struct Streams {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
};

/// The command line as parsed: which command, with what.
struct Choice {
    std::string config_file;
    std::string folder;
    std::string key_id = "k1";
    BackupRequest backup;
    WorkspaceRequest workspace;
    ApiKeyRequest api_key;
    std::function<void()> command;
    int outcome = 0; ///< the exit code of a command that did what it was asked to
    int on_failure = 1; ///< and of one that could not
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

static void add_backup_commands(
    CLI::App& cli, Choice& choice, app::Environment const& env, Streams streams)
{
    auto* const backup = cli.add_subcommand(
        "backup", "Copy the embedded database into a file, also while a server runs");
    backup->add_option("file", choice.backup.file)->required();
    backup->add_flag("--force", choice.backup.force, "Replace the file where there is one");
    backup->callback([&choice, &env, streams] {
        choice.command = [&choice, &env, streams] {
            admin::backup(load(choice, env).config, choice.backup, streams.err);
        };
    });
    auto* const restore = cli.add_subcommand("restore",
        "Put a backup in the place of the embedded database; clients start anew, and nothing is "
        "sent until `hermod admin resume`");
    restore->add_option("file", choice.backup.file)->required();
    restore->add_flag("--force", choice.backup.force, "Also one in which verify finds faults");
    restore->callback([&choice, &env, streams] {
        choice.command = [&choice, &env, streams] {
            admin::restore(load(choice, env).config, choice.backup, streams.err);
        };
    });
}

static void add_hold_commands(
    CLI::App& admin, Choice& choice, app::Environment const& env, Streams streams)
{
    struct Entry {
        char const* name;
        char const* text;
        void (*run)(app::Config const&, std::ostream&);
    };
    static constexpr Entry entries[] = {
        {"status", "Print how things stand: workspaces, epoch, whether sends are held back",
            admin::status},
        {"hold", "Send nothing until `hermod admin resume`", admin::hold},
        {"resume", "Send what was held back, since a restore or by `hermod admin hold`",
            admin::resume},
        {"restored",
            "After a restore by other means than `hermod restore`: clients start anew, and nothing "
            "is sent until `hermod admin resume`",
            admin::restored},
    };
    for (auto const& entry : entries)
        admin.add_subcommand(entry.name, entry.text)->callback([&choice, &env, &entry, streams] {
            choice.command = [&choice, &env, &entry, streams] {
                entry.run(load(choice, env).config, streams.out);
            };
        });
}

static void add_admin_commands(
    CLI::App& cli, Choice& choice, app::Environment const& env, Streams streams)
{
    auto* const admin = cli.add_subcommand("admin", "What an operator does by hand");
    admin->require_subcommand(0, 1);
    add_hold_commands(*admin, choice, env, streams);

    auto* const master_key = admin->add_subcommand(
        "new-master-key", "Print a new line for the master key file; the first line seals");
    master_key->add_option("--id", choice.key_id, "Names the key in what it seals")
        ->capture_default_str();
    master_key->callback([&choice, streams] {
        choice.command = [&choice, streams] { print_new_master_key(choice.key_id, streams.out); };
    });

    auto* const workspace = admin->add_subcommand("create-workspace",
        "Make a login with a workspace; the password is the first line of standard input");
    workspace->add_option("--email", choice.workspace.email, "The login's address")->required();
    workspace->add_option("--name", choice.workspace.name, "The human's name")->required();
    workspace->add_option("--workspace", choice.workspace.workspace, "The workspace's name")
        ->required();
    workspace->callback([&choice, &env, streams] {
        choice.command = [&choice, &env, streams] {
            create_workspace(load(choice, env).config, choice.workspace, streams.in, streams.out);
        };
    });

    auto* const key = admin->add_subcommand("create-api-key", "Make an API key and print it");
    key->add_option("--workspace", choice.api_key.workspace, "The workspace's id")->required();
    key->add_option("--name", choice.api_key.name, "What it is for")->required();
    key->add_option("--scope", choice.api_key.scopes, "A scope such as messages:send; may repeat")
        ->required();
    key->add_flag("--test", choice.api_key.test, "A test key, which reaches sandbox accounts only");
    key->callback([&choice, &env, streams] {
        choice.command = [&choice, &env, streams] {
            create_api_key(load(choice, env).config, choice.api_key, streams.out);
        };
    });
}

static void add_commands(
    CLI::App& cli, Choice& choice, app::Environment const& env, Streams streams)
{
    cli.add_option("--config", choice.config_file,
        "The configuration file (default: HERMOD_CONFIG, or hermod.toml where there is one)");
    cli.require_subcommand(0, 1);
    cli.fallthrough(); // of every command below: --config may stand after it
    cli.add_subcommand("serve", "Run the server until SIGTERM or SIGINT")->callback([&] {
        choice.command = [&] { admin::serve(load(choice, env).config); };
    });
    cli.add_subcommand("migrate", "Bring the database's schema to this version")
        ->callback([&choice, &env, streams] {
            choice.command = [&choice, &env, streams] {
                migrate(load(choice, env).config, streams.out);
            };
        });
    cli.add_subcommand("config", "Print each configuration key, its value and where it is from")
        ->callback([&choice, &env, streams] {
            choice.command = [&choice, &env, streams] {
                print_config(load(choice, env), streams.out);
            };
        });
    cli.add_subcommand("verify",
           "Check that what is stored is as it must be, also while a server runs: a line for "
           "whatever is wrong; 0: nothing, 1: something, 2: it could not be checked")
        ->callback([&choice, &env, streams] {
            choice.command = [&choice, &env, streams] {
                choice.on_failure = 2;
                choice.outcome = verify(load(choice, env).config, streams.out, streams.err) ? 0 : 1;
            };
        });
    add_backup_commands(cli, choice, env, streams);
    auto* const gen = cli.add_subcommand(
        "gen", "Write the documents of api/ into a folder: OpenAPI, events, errors and more");
    gen->add_option("folder", choice.folder)->required();
    gen->callback([&] { choice.command = [&] { app::generate(choice.folder); }; });
    add_admin_commands(cli, choice, env, streams);
}

/// One line for a refusal of a use case: what, and which field.
static std::string in_words(Problem const& problem)
{
    std::string line{info(problem.code).title};
    if (!problem.detail.empty())
        line += ": " + problem.detail;
    for (auto const& [field, message] : problem.fields)
        line += fmt::format("; {} {}", field, message);
    return line;
}

/// What a library says may have several lines; the operator gets one.
static std::string one_line(std::string_view text)
{
    std::string line;
    bool gap = false;
    for (auto const c : text) {
        if (c == '\n' || c == '\r' || c == '\t' || c == ' ') {
            gap = !line.empty();
            continue;
        }
        if (gap)
            line.push_back(' ');
        gap = false;
        line.push_back(c);
    }
    return line;
}

/// The command that was meant, as far as it was named.
static CLI::App const& named_command(CLI::App const& cli)
{
    auto const* command = &cli;
    while (!command->get_subcommands().empty())
        command = command->get_subcommands().front();
    return *command;
}

static std::string full_name(CLI::App const& command)
{
    auto const* const parent = command.get_parent();
    return parent ? full_name(*parent) + " " + command.get_name() : command.get_name();
}

/// `serve, migrate and config`.
static std::string commands_of(CLI::App const& command)
{
    std::string list;
    auto const all = command.get_subcommands({});
    for (auto const* const each : all)
        list += (each == all.front() ? "" : each == all.back() ? " and " : ", ") + each->get_name();
    return list;
}

/// Why the command line cannot be used, with the commands there are where one is missing or wrong.
static int refuse(std::ostream& err, CLI::App const& cli, std::string_view why)
{
    auto const& command = named_command(cli);
    auto const words = command.remaining();
    auto const wanted = words.empty() || !words.front().starts_with('-');
    auto const commands = wanted ? commands_of(command) : std::string{};
    err << "hermod: " << one_line(why) << "; ";
    if (!commands.empty())
        err << "there are " << commands << " (see " << full_name(command) << " --help)\n";
    else
        err << "see " << full_name(command) << " --help\n";
    return 2;
}

int run_command_line(int argc, char const* const* argv, app::Environment const& env,
    std::istream& in, std::ostream& out, std::ostream& err)
{
    Choice choice;
    CLI::App cli{"Hermod, a messaging server", "hermod"};
    cli.set_version_flag("--version", std::string{HERMOD_VERSION});
    add_commands(cli, choice, env, {in, out, err});
    try {
        cli.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        if (error.get_exit_code() == 0)
            return cli.exit(error, out, err);
        return refuse(err, cli, error.what());
    }
    if (!choice.command)
        return refuse(err, cli, "a command is missing");
    try {
        choice.command();
        return choice.outcome;
    } catch (app::ConfigError const& error) {
        err << "hermod: " << one_line(error.what()) << '\n';
        return 2;
    } catch (Problem const& problem) {
        err << "hermod: " << in_words(problem) << '\n';
        return choice.on_failure;
    } catch (std::exception const& error) {
        err << "hermod: " << one_line(error.what()) << '\n';
        return choice.on_failure;
    }
}

}
