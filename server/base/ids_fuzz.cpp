#include "base/errors.hpp"
#include "base/ids.hpp"

#include <cstdint>

using namespace hermod;

/// An id has one spelling: what is read as one is written the same, and is none of another kind.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const input{reinterpret_cast<char const*>(data), size};
    if (auto const id = PersonId::parse(input)) {
        HERMOD_CHECK(id->str() == input);
        HERMOD_CHECK(!MessageId::parse(input));
    }
    if (auto const bytes = parse_base32(input)) {
        std::string again;
        append_base32(again, *bytes);
        HERMOD_CHECK(again == input);
        HERMOD_CHECK(PersonId::parse("per_" + again) == PersonId{*bytes});
    }
    return 0;
}
