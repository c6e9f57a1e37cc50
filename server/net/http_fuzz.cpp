#include "base/errors.hpp"
#include "base/text.hpp"
#include "net/http_head.hpp"
#include "net/uri.hpp"

#include <algorithm>

using namespace hermod;
using namespace hermod::net;

namespace {

using Scan = HeadScanner::State;
using Chunks = ChunkedBody::State;

struct Message {
    bool good = false;
    std::string path;
    Pairs headers;
    std::string body;
    std::size_t used = 0;
    bool operator==(Message const&) const = default;
};

/// The first message of `bytes`, which arrive in pieces of `step`.
Message read_in_steps(std::string_view bytes, std::size_t step)
{
    Message message;
    HeadScanner scanner;
    auto state = Scan::incomplete;
    for (std::size_t end = 0; state == Scan::incomplete && end < bytes.size();) {
        end = std::min(bytes.size(), end + step);
        state = scanner.scan(bytes.substr(0, end));
    }
    if (state != Scan::complete)
        return message;
    Request request;
    auto const head = parse_head(bytes.substr(0, scanner.size()), request, {});
    if (!head)
        return message;
    message.used = scanner.size();
    if (head->chunked) {
        ChunkedBody chunks{100'000};
        auto body = Chunks::more;
        while (body == Chunks::more && message.used < bytes.size()) {
            std::size_t used = 0;
            body = chunks.feed(bytes.substr(message.used, step), message.body, used);
            HERMOD_CHECK(used <= step && (used > 0 || body != Chunks::more));
            message.used += used;
        }
        HERMOD_CHECK(message.body.size() <= 100'000);
        if (body != Chunks::done)
            return {};
    }
    message.good = true;
    message.path = request.path;
    message.headers = request.headers;
    return message;
}

/// What is accepted holds nothing that another reader could take for something else.
void check_clear(Message const& message, std::string_view bytes)
{
    auto const count = [&](std::string_view name) {
        return std::ranges::count(message.headers, name, &Pairs::value_type::first);
    };
    HERMOD_CHECK(count("host") <= 1);
    HERMOD_CHECK(count("content-length") + count("transfer-encoding") <= 1);
    HERMOD_CHECK(message.path.starts_with('/') || message.path == "*");
    std::string decoded;
    HERMOD_CHECK(percent_decode(decoded, message.path));
    HERMOD_CHECK(bytes.find("\n ") >= bytes.find("\r\n\r\n"));
    for (auto const& [name, value] : message.headers) {
        HERMOD_CHECK(!name.empty() && to_lower(name) == name);
        HERMOD_CHECK(value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos);
    }
}

}

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size)
{
    std::string_view const bytes{reinterpret_cast<char const*>(data), size};
    auto const whole = read_in_steps(bytes, std::max<std::size_t>(1, size));
    if (whole.good)
        check_clear(whole, bytes);
    for (auto const step : {std::size_t{1}, std::size_t{3}, std::size_t{17}})
        HERMOD_CHECK(read_in_steps(bytes, step) == whole);
    return 0;
}
