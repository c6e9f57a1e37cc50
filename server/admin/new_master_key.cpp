#include "admin/commands.hpp"
#include "base/crypto.hpp"

#include <ostream>
#include <stdexcept>

namespace hermod::admin {

void print_new_master_key(std::string const& id, std::ostream& out)
{
    auto line = Keyring::generate_line(id);
    Keyring::parse(line); // an id that cannot be read back is refused here
    if (!line.ends_with('\n'))
        line.push_back('\n');
    out << line;
}

}
