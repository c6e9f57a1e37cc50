#include "base/ids.hpp"

#include "base/crypto.hpp"

#include <cstring>

namespace hermod {

static constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

static constexpr auto values = [] {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
}();

Uuid new_uuid_v7(Timestamp now)
{
    // One system call fills many ids; ids are not secrets, so the buffer may wait in memory.
    thread_local std::array<std::uint8_t, 640> pool;
    thread_local std::size_t used = pool.size();
    if (used + 10 > pool.size()) {
        fill_random(pool);
        used = 0;
    }
    Uuid uuid;
    auto const ms = static_cast<std::uint64_t>(now.unix_ms());
    for (std::size_t i = 0; i < 6; ++i)
        uuid[i] = static_cast<std::uint8_t>(ms >> (8 * (5 - i)));
    std::memcpy(uuid.data() + 6, pool.data() + used, 10);
    used += 10;
    uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0f) | 0x70);
    uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3f) | 0x80);
    return uuid;
}

void append_base32(std::string& out, Uuid const& uuid)
{
    // 130 bits hold the 128: the first character carries the top three only.
    std::array<char, 26> text;
    unsigned __int128 value = 0;
    for (auto const byte : uuid)
        value = (value << 8) | byte;
    for (std::size_t i = text.size(); i-- > 0; value >>= 5)
        text[i] = alphabet[static_cast<std::size_t>(value & 31)];
    out.append(text.data(), text.size());
}

std::optional<Uuid> parse_base32(std::string_view text)
{
    if (text.size() != 26 || text[0] > '7')
        return std::nullopt;
    unsigned __int128 value = 0;
    for (auto const c : text) {
        auto const digit = values[static_cast<unsigned char>(c)];
        if (digit < 0)
            return std::nullopt;
        value = (value << 5) | static_cast<unsigned>(digit);
    }
    Uuid uuid;
    for (std::size_t i = uuid.size(); i-- > 0; value >>= 8)
        uuid[i] = static_cast<std::uint8_t>(value);
    return uuid;
}

}
