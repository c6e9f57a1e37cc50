#include "access/sessions.hpp"

namespace hermod::access {

std::string_view cookie_name(bool plain)
{
    return plain ? "hermod" : "__Host-hermod";
}

std::string cookie_with(std::string_view value, seconds lifetime, bool plain)
{
    std::string cookie{cookie_name(plain)};
    cookie.append("=").append(value).append("; Path=/; HttpOnly; SameSite=Strict; Max-Age=");
    cookie += std::to_string(lifetime.count());
    if (!plain)
        cookie += "; Secure";
    return cookie;
}

std::string_view cookie_in(std::string_view header, bool plain)
{
    auto const name = cookie_name(plain);
    while (!header.empty()) {
        auto const end = header.find(';');
        auto const pair = trim(header.substr(0, end));
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
            return pair.substr(name.size() + 1);
        if (end == std::string_view::npos)
            break;
        header.remove_prefix(end + 1);
    }
    return {};
}

}
