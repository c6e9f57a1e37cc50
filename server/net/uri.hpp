#pragma once

#include "net/request.hpp"

#include <string>
#include <string_view>

namespace hermod::net {

/// Appends `text` with its `%XX` decoded; false where an escape is not one, or what comes out is
/// not UTF-8 or holds a NUL. A `+` stays a `+`.
bool percent_decode(std::string& out, std::string_view text);

/// Appends `text` as one path segment or query value: all but RFC 3986's unreserved escaped.
void percent_encode(std::string& out, std::string_view text);

/// `a=1&b=x` into decoded pairs, where `+` is a space; false as above, or where there are more
/// than 100 of them.
bool parse_query_string(Pairs& out, std::string_view text);

}
