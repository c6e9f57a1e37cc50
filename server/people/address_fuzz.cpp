#include "base/text.hpp"
#include "people/address.hpp"

#include <cstddef>
#include <cstdint>

using namespace hermod;

/// Whatever is taken is one line, in its normal form already, and matches itself.
static void try_address(people::AddressKind kind, std::string_view text)
{
    auto const address = people::read_address(kind, text);
    if (!address)
        return;
    HERMOD_CHECK(count_code_points(address->value).has_value());
    HERMOD_CHECK(address->value.find_first_of("\r\n") == std::string::npos);
    auto const again = people::read_address(kind, address->value);
    HERMOD_CHECK(again.has_value());
    HERMOD_CHECK(again->value == address->value);
    HERMOD_CHECK(again->match_key == address->match_key);
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    for (auto const kind : {people::AddressKind::phone, people::AddressKind::email,
             people::AddressKind::whatsapp, people::AddressKind::external})
        try_address(kind, text);
    static_cast<void>(people::read_address(text));
    return 0;
}
