#include "net/cursor.hpp"

#include <cstdint>

using namespace hermod;

namespace {

template <class... Fields>
void read_as(std::string_view input)
{
    try {
        auto const fields = net::read_cursor<Fields...>(input);
        static_cast<void>(fields);
    } catch (Problem const& problem) {
        HERMOD_CHECK(problem.code == Errc::invalid_cursor);
    }
}

}

/// Whatever a client gives as a cursor is one of the list's, with numbers that are not negative, or
/// refused; what is one says the same when it is written again.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const input{reinterpret_cast<char const*>(data), size};
    read_as<std::int64_t>(input);
    read_as<std::string, std::int64_t>(input);
    read_as<Timestamp, PersonId>(input);
    if (auto const fields = net::decode_cursor(input))
        HERMOD_CHECK(net::decode_cursor(net::encode_cursor(*fields)) == fields);
    // What the fields hold makes no difference, as long as the cursor is not too long.
    if (input.size() > 100)
        return 0;
    std::vector<std::string> const held{std::string{input}, "", std::string{input}};
    HERMOD_CHECK(net::decode_cursor(net::encode_cursor(held)) == held);
    return 0;
}
