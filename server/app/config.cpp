#include "app/config.hpp"

#include "app/settings.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

namespace hermod::app {

bool Endpoint::is_loopback() const
{
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::string Endpoint::str() const
{
    return host.contains(':') ? fmt::format("[{}]:{}", host, port)
                              : fmt::format("{}:{}", host, port);
}

Environment process_environment()
{
    Environment variables;
    for (char** entry = environ; entry && *entry; ++entry) {
        std::string_view const text{*entry};
        if (auto const equals = text.find('='); equals != std::string_view::npos)
            variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

using Sources = std::map<std::string_view, std::string>;

static std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            auto const above = row[j + 1];
            row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

template <class NameOf>
static std::string did_you_mean(std::string_view unknown, NameOf name_of)
{
    std::string best;
    auto distance = std::max<std::size_t>(unknown.size() / 3, 2) + 1;
    for (auto const& setting : all_settings()) {
        std::string const name = name_of(setting);
        // The last part alone is a common slip: `url` for `database.url`.
        auto const found = name.ends_with("." + std::string{unknown})
            ? std::size_t{0}
            : edit_distance(unknown, name);
        if (found < distance) {
            distance = found;
            best = name;
        }
    }
    return best.empty() ? "; `hermod config` lists them" : fmt::format("; did you mean {}?", best);
}

static void assign(Config& config, Sources& sources, Setting const& setting, std::string_view text,
    std::string source)
{
    if (auto const set = setting.set(config, text); !set)
        throw ConfigError{fmt::format("{} ({}) {}", setting.key, source, set.error())};
    sources[setting.key] = std::move(source);
}

/// What a TOML value is as text; nothing where its kind is not the setting's.
static std::optional<std::string> toml_text(toml::node const& node, Setting const& setting)
{
    if (setting.kind == Setting::Kind::number) {
        auto const* number = node.as_integer();
        return number ? std::optional{std::to_string(number->get())} : std::nullopt;
    }
    if (setting.kind == Setting::Kind::flag) {
        auto const* flag = node.as_boolean();
        return flag ? std::optional<std::string>{flag->get() ? "true" : "false"} : std::nullopt;
    }
    if (setting.kind == Setting::Kind::list) {
        auto const* items = node.as_array();
        if (!items)
            return std::nullopt;
        std::string joined;
        for (auto const& item : *items) {
            auto const* text = item.as_string();
            if (!text || text->get().empty() || text->get().contains(','))
                return std::nullopt;
            joined.append(joined.empty() ? "" : ",").append(text->get());
        }
        return joined;
    }
    auto const* text = node.as_string();
    return text ? std::optional{text->get()} : std::nullopt;
}

static void read_table(toml::table const& table, std::string const& prefix, std::string const& file,
    Config& config, Sources& sources)
{
    for (auto const& [name, node] : table) {
        auto const key = prefix + std::string{name.str()};
        auto const source = fmt::format("{}:{}", file, name.source().begin.line);
        if (auto const* inner = node.as_table()) {
            read_table(*inner, key + ".", file, config, sources);
            continue;
        }
        auto const* setting = find_setting(key);
        if (!setting)
            throw ConfigError{fmt::format("{} ({}) is not a known key{}", key, source,
                did_you_mean(key, [](Setting const& s) { return std::string{s.key}; }))};
        auto const text = toml_text(node, *setting);
        if (!text)
            throw ConfigError{fmt::format("{} ({}) must be {}", key, source, setting->type)};
        assign(config, sources, *setting, *text, source);
    }
}

static void read_file(std::filesystem::path const& path, Config& config, Sources& sources)
{
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
        throw ConfigError{fmt::format("the configuration file {} is a folder", path.string())};
    std::ifstream stream{path};
    std::string const text{std::istreambuf_iterator<char>{stream}, {}};
    if (!stream.is_open() || stream.bad())
        throw ConfigError{fmt::format("the configuration file {} cannot be read", path.string())};
    auto const name = path.filename().string();
    try {
        read_table(toml::parse(text), "", name, config, sources);
    } catch (toml::parse_error const& error) {
        throw ConfigError{fmt::format(
            "{}:{} is not TOML: {}", name, error.source().begin.line, error.description())};
    }
}

/// Ours for tools, not settings of the server.
static bool is_reserved(std::string_view variable)
{
    return variable == "HERMOD_CONFIG" || variable.starts_with("HERMOD_TEST_");
}

static void read_environment(Environment const& env, Config& config, Sources& sources)
{
    for (auto const& [name, value] : env) {
        if (!name.starts_with("HERMOD_") || is_reserved(name))
            continue;
        auto const& settings = all_settings();
        auto const setting =
            std::ranges::find(settings, name, [](Setting const& s) { return s.variable(); });
        if (setting == settings.end())
            throw ConfigError{fmt::format("{} (environment) is not a known key{}", name,
                did_you_mean(name, [](Setting const& s) { return s.variable(); }))};
        assign(config, sources, *setting, value, name);
    }
}

static void refuse_contradictions(Config const& config, Sources const& sources)
{
    auto const source = [&](std::string_view key) {
        auto const found = sources.find(key);
        return found == sources.end() ? std::string{"default"} : found->second;
    };
    if (config.testing.clock && !config.listen.is_loopback())
        throw ConfigError{
            fmt::format("testing.clock ({}) is refused unless listen is a loopback address, and "
                        "listen ({}) is {}",
                source("testing.clock"), source("listen"), config.listen.str())};
    if (!config.master_key.empty() && !config.master_key_file.empty())
        throw ConfigError{fmt::format("master_key ({}) and master_key_file ({}) are both set; "
                                      "keep one",
            source("master_key"), source("master_key_file"))};
    auto const& tls = config.net.tls;
    if (tls.certificate_file.empty() != tls.key_file.empty())
        throw ConfigError{"net.tls.certificate_file and net.tls.key_file go together: set both "
                          "or none"};
}

static void fill_in(Config& config)
{
    std::filesystem::path const data{config.data_dir};
    if (config.database.url.empty())
        config.database.url = "sqlite:" + (data / "hermod.db").string();
    if (config.database.migrate_url.empty())
        config.database.migrate_url = config.database.url;
    if (config.master_key_file.empty())
        config.master_key_file = (data / "master.key").string();
    if (config.public_url.empty())
        config.public_url = (config.net.tls.certificate_file.empty() ? "http://" : "https://")
            + config.listen.str();
}

LoadedConfig load_config(std::optional<std::filesystem::path> const& file, Environment const& env)
{
    LoadedConfig loaded;
    Sources sources;
    std::error_code error;
    if (file)
        read_file(*file, loaded.config, sources);
    else if (std::filesystem::exists("hermod.toml", error))
        read_file("hermod.toml", loaded.config, sources);
    read_environment(env, loaded.config, sources);
    refuse_contradictions(loaded.config, sources);
    fill_in(loaded.config);
    for (auto const& setting : all_settings()) {
        auto const source = sources.find(setting.key);
        loaded.settings.push_back({std::string{setting.key}, setting.show(loaded.config),
            source == sources.end() ? "default" : source->second});
    }
    return loaded;
}

std::string config_reference()
{
    std::string out =
        "# Configuration\n\n"
        "Written by `script/gen` from the declarations in server/app/settings.cpp.\n"
        "A key stands in `hermod.toml` or, upper case with `.` as `_`, in the environment\n"
        "(`listen` is `HERMOD_LISTEN`), which wins. `hermod config` prints each value and its "
        "source.\n\n"
        "| key | type | default | meaning |\n|---|---|---|---|\n";
    Config const defaults;
    for (auto const& setting : all_settings()) {
        auto const value = setting.default_text.empty() ? setting.show(defaults)
                                                        : std::string{setting.default_text};
        out += fmt::format("| `{}` | {} | {} | {} |\n", setting.key, setting.type,
            value.empty() ? "none" : fmt::format("`{}`", value), setting.doc);
    }
    return out;
}

}
