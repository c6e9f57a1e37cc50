#pragma once

#include "base/task.hpp"

#include <string>
#include <string_view>

namespace hermod::net {

/// Whether an Accept-Encoding takes gzip and does not like the plain form better. What is not a
/// valid list takes nothing.
bool accepts_gzip(std::string_view accept_encoding);

/// `text` in the gzip format, fast rather than small, with a header whose length is random. Gives
/// way to other work every 64 KiB, which take a fraction of a millisecond.
Task<std::string> gzip(std::string text);

}
