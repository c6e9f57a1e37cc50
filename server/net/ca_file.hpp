#pragma once

#include <optional>
#include <string>

namespace hermod::net {

/// Why the file cannot serve as the authorities that outgoing TLS trusts, such as `cannot be read`;
/// nothing where it holds at least one certificate in PEM. libcurl would tell only when it
/// connects.
std::optional<std::string> fault_of_ca_file(std::string const& path);

}
