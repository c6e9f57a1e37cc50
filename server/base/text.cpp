#include "base/text.hpp"

#include <algorithm>
#include <cstdint>

namespace hermod {

/// Length of the sequence a lead byte opens, 0 where it opens none.
static std::size_t sequence_length(unsigned char lead)
{
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef)
        return 3;
    if (lead >= 0xf0 && lead <= 0xf4)
        return 4;
    return 0;
}

std::optional<std::size_t> count_code_points(std::string_view text)
{
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count) {
        auto const lead = static_cast<unsigned char>(text[i]);
        if (lead == 0)
            return std::nullopt;
        if (lead < 0x80) {
            ++i;
            continue;
        }
        auto const length = sequence_length(lead);
        if (length == 0 || i + length > text.size())
            return std::nullopt;
        for (std::size_t k = 1; k < length; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80)
                return std::nullopt;
        auto const second = static_cast<unsigned char>(text[i + 1]);
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)
            || (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
            return std::nullopt;
        i += length;
    }
    return count;
}

std::string to_lower(std::string_view ascii)
{
    std::string out{ascii};
    std::ranges::transform(out, out.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return out;
}

std::string_view trim(std::string_view text)
{
    auto const first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}
