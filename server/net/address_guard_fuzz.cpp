#include "base/errors.hpp"
#include "net/address_guard.hpp"

#include <curl/curl.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>

using namespace hermod::net;

/// What libcurl reads in a URL: the parser that will act on it must agree with ours.
static std::string part_of(CURLU* url, CURLUPart part)
{
    char* text = nullptr;
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return {};
    std::string result{text};
    curl_free(text);
    return result;
}

/// The addresses that the machine's resolver takes the host for without asking DNS.
static void check_resolver(AddressGuard const& guard, VettedUrl const& url)
{
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    addrinfo* found = nullptr;
    if (::getaddrinfo(url.host.c_str(), nullptr, &hints, &found) != 0)
        return;
    for (auto const* at = found; at != nullptr; at = at->ai_next) {
        if (at->ai_family == AF_INET) {
            std::array<std::uint8_t, 4> bytes{};
            std::memcpy(bytes.data(), &reinterpret_cast<sockaddr_in const*>(at->ai_addr)->sin_addr,
                bytes.size());
            HERMOD_CHECK(guard.allows(IpAddress::v4(bytes)));
        } else if (at->ai_family == AF_INET6) {
            std::array<std::uint8_t, 16> bytes{};
            std::memcpy(bytes.data(),
                &reinterpret_cast<sockaddr_in6 const*>(at->ai_addr)->sin6_addr, bytes.size());
            HERMOD_CHECK(guard.allows(IpAddress::v6(bytes)));
        }
    }
    ::freeaddrinfo(found);
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static AddressGuard const guard{false};
    std::string_view const text{reinterpret_cast<char const*>(data), size};
    for (auto const kind : {UrlRules::Kind::http, UrlRules::Kind::smtp}) {
        auto const vetted = guard.vet(text, {kind, false});
        if (!vetted)
            continue;
        auto const again = guard.vet(vetted->str(), {kind, false});
        HERMOD_CHECK(again.has_value() && again->str() == vetted->str());
        check_resolver(guard, *vetted);

        auto* const url = curl_url();
        auto const parsed =
            curl_url_set(url, CURLUPART_URL, vetted->str().c_str(), CURLU_NON_SUPPORT_SCHEME);
        if (parsed == CURLUE_OK) { // what libcurl refuses goes nowhere
            auto const host = vetted->host_is_v6 ? "[" + vetted->host + "]" : vetted->host;
            HERMOD_CHECK(part_of(url, CURLUPART_HOST) == host);
            HERMOD_CHECK(part_of(url, CURLUPART_PORT) == std::to_string(vetted->port));
            HERMOD_CHECK(part_of(url, CURLUPART_SCHEME) == vetted->scheme);
            HERMOD_CHECK(part_of(url, CURLUPART_USER).empty());
        }
        curl_url_cleanup(url);
    }
    return 0;
}
