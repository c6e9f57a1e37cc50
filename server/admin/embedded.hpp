#pragma once

#include "app/config.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

/// What backup and restore share.
namespace hermod::admin {

/// The file of the embedded database; refuses PostgreSQL.
std::string require_embedded(app::Config const& config, std::string_view command);

/// Tells every tenth of a copy.
class CopyProgress {
public:
    explicit CopyProgress(std::ostream& out) : out_(out) { }
    void operator()(std::int64_t done, std::int64_t all);

private:
    std::ostream& out_;
    int told_ = 0;
};

}
