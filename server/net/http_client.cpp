#include "net/http_client.hpp"

#include "base/text.hpp"
#include "net/http_transfer.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <charconv>

namespace hermod::net {

std::string_view HttpResponse::header(std::string_view name) const
{
    for (auto const& [key, value] : headers) {
        if (key == name)
            return value;
    }
    return {};
}

HttpClient::HttpClient(AddressGuard const& guard, HttpClientOptions options)
    : guard_(guard), options_(std::move(options))
{
}

Task<HttpOutcome> HttpClient::request(HttpRequest request) const
{
    auto const executor = co_await asio::this_coro::executor;
    auto& loop = asio::use_service<CurlLoop>(executor.context());
    HttpTransfer transfer{guard_, options_, request};
    if (auto error = transfer.prepare())
        co_return std::unexpected(*std::move(error));
    auto const code = co_await loop.perform(transfer.easy());
    co_return transfer.outcome(code);
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, Timestamp now)
{
    value = trim(value);
    std::int64_t wait_s = 0;
    auto const* const end = value.data() + value.size();
    auto const result = std::from_chars(value.data(), end, wait_s);
    if (result.ec != std::errc{} || result.ptr != end) {
        auto const at = curl_getdate(std::string{value}.c_str(), nullptr);
        if (at == -1)
            return std::nullopt;
        wait_s = static_cast<std::int64_t>(at) - now.unix_s();
    }
    static constexpr std::int64_t longest_s = 24 * 3600;
    if (wait_s < 0)
        return std::nullopt;
    return std::chrono::seconds{std::min(wait_s, longest_s)};
}

}
