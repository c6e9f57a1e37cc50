#include "app/master_key.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>

namespace hermod::app {

static void warn_of_readers(std::string const& file)
{
    namespace fs = std::filesystem;
    std::error_code error;
    auto const permissions = fs::status(file, error).permissions();
    auto const open_to_all = fs::perms::others_read | fs::perms::others_write;
    if (!error && (permissions & open_to_all) != fs::perms::none)
        log::warn("everybody on this machine may read the master key; make it the server's alone, "
                  "as with chmod 600",
            {{"file", file}});
}

Keyring load_master_key(Config const& config)
{
    auto const in_words = std::string{"make one with `hermod admin new-master-key`"};
    if (!config.master_key.empty()) {
        try {
            return Keyring::parse(config.master_key);
        } catch (std::invalid_argument const& error) {
            throw ConfigError{fmt::format("master_key is not a key: {}", error.what())};
        }
    }
    std::ifstream stream{config.master_key_file};
    if (!stream)
        throw ConfigError{
            fmt::format("there is no master key: {} cannot be read and master_key is not set; {}",
                config.master_key_file, in_words)};
    warn_of_readers(config.master_key_file);
    std::string const text{std::istreambuf_iterator<char>{stream}, {}};
    try {
        return Keyring::parse(text);
    } catch (std::invalid_argument const& error) {
        throw ConfigError{fmt::format("{} (master_key_file) does not hold a master key: {}",
            config.master_key_file, error.what())};
    }
}

static constexpr std::string_view check_prefix = "master_key/";
static constexpr std::string_view check_text = "hermod";

using CheckValues = std::vector<std::tuple<std::string, std::string>>;

static void require_opened(CheckValues const& values, Keyring const& keyring)
{
    for (auto const& [name, sealed] : values) {
        auto const id = name.substr(check_prefix.size());
        if (!keyring.has(id))
            throw ConfigError{fmt::format("the database holds what the master key {} sealed, and "
                                          "master_key or master_key_file has no key of this name; "
                                          "put it back, behind the one that is to seal",
                id)};
        if (keyring.open(sealed, name) != check_text)
            throw ConfigError{
                fmt::format("this master key does not open what the database holds: the key {} of "
                            "master_key or master_key_file is another than the {} that sealed it",
                    id, id)};
    }
}

Task<void> require_master_key(db::Database& db, Keyring const& keyring)
{
    auto const name = std::string{check_prefix} + keyring.newest();
    auto const sealed = keyring.seal(check_text, name);
    auto const values = co_await db.system().write([&](db::GlobalTx& tx) {
        auto known = tx.all<CheckValues::value_type>(
            "SELECT name, value FROM instance WHERE name LIKE $1", std::string{check_prefix} + "%");
        auto const is_new = std::ranges::none_of(
            known, [&](auto const& value) { return std::get<0>(value) == name; });
        // A key that is refused for another's sake leaves nothing behind.
        auto const fits = std::ranges::all_of(known, [&](auto const& value) {
            return keyring.open(std::get<1>(value), std::get<0>(value)).has_value();
        });
        if (is_new && fits)
            tx.run("INSERT INTO instance (name, value) VALUES ($1, $2)", name, sealed);
        return known;
    });
    require_opened(values, keyring);
}

}
