#include "base/errors.hpp"
#include "net/gzip.hpp"

#include <string>

using namespace hermod::net;

/// Whatever the list says, what is appended to refuse gzip refuses it.
extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size)
{
    std::string const text{reinterpret_cast<char const*>(data), size};
    auto const accepted = accepts_gzip(text);
    if (accepted)
        HERMOD_CHECK(text.find_first_of("*gG") != std::string::npos);
    HERMOD_CHECK(!accepts_gzip(text + ",gzip;q=x"));
    if (accepted)
        HERMOD_CHECK(accepts_gzip(text + ", br;q=0"));
    return 0;
}
