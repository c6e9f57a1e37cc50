#pragma once

#include "app/config.hpp"

#include <iosfwd>

namespace hermod::admin {

/// Reads the command line and runs its command. Returns the process's exit code: 0, 1 where the
/// command failed, 2 where the command line or the configuration cannot be used. Whatever fails is
/// one line on `err`.
int run_command_line(int argc, char const* const* argv, app::Environment const& env,
    std::istream& in, std::ostream& out, std::ostream& err);

}
