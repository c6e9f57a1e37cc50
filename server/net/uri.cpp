#include "net/uri.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hermod::net {

static constexpr std::size_t max_pairs = 100;

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool decode(std::string& out, std::string_view text, char plus)
{
    auto const start = out.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i] == '+' ? plus : text[i]);
            continue;
        }
        if (text.size() - i < 3)
            return false;
        auto const high = hex_value(text[i + 1]);
        auto const low = hex_value(text[i + 2]);
        if (high < 0 || low < 0)
            return false;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return count_code_points(std::string_view{out}.substr(start)).has_value();
}

bool percent_decode(std::string& out, std::string_view text)
{
    return decode(out, text, '+');
}

void percent_encode(std::string& out, std::string_view text)
{
    static constexpr std::string_view digits = "0123456789ABCDEF";
    for (auto const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
            || c == '.' || c == '_' || c == '~') {
            out.push_back(c);
            continue;
        }
        out.push_back('%');
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
}

bool parse_query_string(Pairs& out, std::string_view text)
{
    while (!text.empty()) {
        auto const end = std::min(text.find('&'), text.size());
        auto const pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty())
            continue;
        if (out.size() == max_pairs)
            return false;
        auto const equals = std::min(pair.find('='), pair.size());
        auto& [name, value] = out.emplace_back();
        if (!decode(name, pair.substr(0, equals), ' ')
            || !decode(value, pair.substr(std::min(equals + 1, pair.size())), ' '))
            return false;
    }
    return true;
}

}
