#pragma once

#include "app/config.hpp"

#include <iosfwd>
#include <string>

/// One function per command of the binary; each throws what ends it.
namespace hermod::admin {

void print_config(app::LoadedConfig const& loaded, std::ostream& out);

/// A new line for the key ring, which goes first in the file to make it the key that seals.
void print_new_master_key(std::string const& id, std::ostream& out);

}
