#pragma once

#include "app/config.hpp"

#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::app {

/// One key of the configuration, declared once: how it is written, read, shown and documented.
struct Setting {
    enum class Kind { text, number, flag, list };

    std::string_view key;
    Kind kind;
    std::string type; ///< in words, bounds included: `a whole number from 0 to 256`
    std::string_view doc;
    /// Puts the text into the configuration, or says what it must be.
    std::function<std::expected<void, std::string>(Config&, std::string_view)> set;
    std::function<std::string(Config const&)> show; ///< secrets masked
    std::string_view default_text{}; ///< for the reference, where the default follows another key

    std::string variable() const; ///< `HERMOD_NET_THREADS`
};

std::vector<Setting> const& all_settings();
Setting const* find_setting(std::string_view key);

}
