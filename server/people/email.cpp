#include "people/email.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hermod::people {

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// atext of RFC 5322.
static bool is_atom(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_alphanumeric(c)
            || std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
    });
}

static bool is_label(std::string_view text)
{
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-'
        && std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

template <class Accepts>
static bool each_part(std::string_view text, Accepts accepts)
{
    for (;;) {
        auto const dot = text.find('.');
        if (!accepts(text.substr(0, dot)))
            return false;
        if (dot == std::string_view::npos)
            return true;
        text.remove_prefix(dot + 1);
    }
}

static bool is_number(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::expected<std::string, std::string> read_email(std::string_view text)
{
    if (text.size() > 254)
        return std::unexpected(std::string{"must be at most 254 characters"});
    if (!std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; }))
        return std::unexpected(
            std::string{"must be plain ASCII without spaces (write the domain in its xn-- form)"});
    auto const at = text.rfind('@');
    if (at == std::string_view::npos)
        return std::unexpected(std::string{"must have an @"});
    auto const local = text.substr(0, at);
    auto const domain = text.substr(at + 1);
    if (local.size() > 64 || !each_part(local, is_atom))
        return std::unexpected(std::string{"is not a valid mailbox before the @"});
    auto const dot = domain.rfind('.');
    if (dot == std::string_view::npos || is_number(domain.substr(dot + 1))
        || !each_part(domain, is_label))
        return std::unexpected(std::string{"is not a valid domain after the @"});
    return std::string{local} + '@' + to_lower(domain);
}

}
