#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace hermod::people {

/// A mailbox of RFC 5321 in its everyday form (dot-atom, ASCII; a domain with a dot), its domain in
/// lower case; else what is wrong with it. Nothing that could end a header or an SMTP line passes.
std::expected<std::string, std::string> read_email(std::string_view text);

}
