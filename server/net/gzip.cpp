#include "net/gzip.hpp"

#include "base/crypto.hpp"
#include "base/errors.hpp"
#include "base/text.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

namespace hermod::net {

/// A quality (RFC 9110 §12.4.2) in thousandths; -1 where it is none.
static int parse_quality(std::string_view text)
{
    if (text.empty() || text.size() > 5 || (text.front() != '0' && text.front() != '1')
        || (text.size() > 1 && text[1] != '.'))
        return -1;
    int value = (text.front() - '0') * 1000;
    int unit = 100;
    for (auto const c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (c < '0' || c > '9')
            return -1;
        value += (c - '0') * unit;
        unit /= 10;
    }
    return value <= 1000 ? value : -1;
}

/// The quality of `gzip;q=0.5`, or -1 where the parameters are not one.
static int quality_of(std::string_view parameters)
{
    parameters = trim(parameters);
    if (parameters.empty())
        return 1000;
    if (parameters.size() < 2 || (parameters[0] != 'q' && parameters[0] != 'Q')
        || parameters[1] != '=')
        return -1;
    return parse_quality(parameters.substr(2));
}

bool accepts_gzip(std::string_view accept_encoding)
{
    static constexpr int unsaid = -2;
    int gzip = unsaid;
    int any = unsaid;
    int identity = unsaid;
    while (!accept_encoding.empty()) {
        auto const comma = std::min(accept_encoding.find(','), accept_encoding.size());
        auto const item = accept_encoding.substr(0, comma);
        accept_encoding.remove_prefix(std::min(comma + 1, accept_encoding.size()));
        auto const semicolon = std::min(item.find(';'), item.size());
        auto const coding = to_lower(trim(item.substr(0, semicolon)));
        auto const has_parameters = semicolon < item.size();
        auto const quality = has_parameters ? quality_of(item.substr(semicolon + 1)) : 1000;
        if (quality == -1)
            return false;
        if (coding == "gzip" || coding == "x-gzip")
            gzip = std::max(gzip, quality);
        else if (coding == "*")
            any = quality;
        else if (coding == "identity")
            identity = quality;
    }
    auto const wanted = gzip == unsaid ? any : gzip;
    return wanted > 0 && wanted >= identity;
}

namespace {

// Level 1: less than half the time of the default for a fifth more bytes (ADR 22).
constexpr int level = 1;
constexpr int gzip_format = 16 + MAX_WBITS;
constexpr int memory_level = 8;
constexpr std::size_t slice = 64 * 1024;
constexpr std::size_t room = 16 * 1024;
constexpr std::size_t max_blur = 128;
constexpr std::size_t max_idle = 4; ///< of 268 KB each

class Deflater {
public:
    Deflater()
    {
        HERMOD_CHECK(
            deflateInit2(&stream_, level, Z_DEFLATED, gzip_format, memory_level, Z_DEFAULT_STRATEGY)
            == Z_OK);
    }
    ~Deflater() { deflateEnd(&stream_); }
    Deflater(Deflater const&) = delete;
    Deflater& operator=(Deflater const&) = delete;

    /// A name of random length: two answers' lengths tell little about their texts.
    void begin()
    {
        std::array<std::uint8_t, 1> random{};
        fill_random(random);
        auto const length = random[0] % max_blur;
        std::fill_n(name_.begin(), length, Bytef{'x'});
        name_[length] = 0;
        deflateReset(&stream_);
        header_ = {};
        header_.os = 255; // not told
        header_.name = name_.data();
        deflateSetHeader(&stream_, &header_);
    }

    void add(std::string& out, std::string_view piece, bool last)
    {
        // zlib reads it only.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
        stream_.avail_in = static_cast<uInt>(piece.size());
        do {
            auto const before = out.size();
            out.resize(before + room);
            stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
            stream_.avail_out = static_cast<uInt>(room);
            auto const result = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
            HERMOD_CHECK(result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR);
            out.resize(out.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

private:
    z_stream stream_{};
    gz_header header_{};
    std::array<Bytef, max_blur> name_{};
};

using Deflaters = std::vector<std::unique_ptr<Deflater>>;

/// Of this thread. Several answers may be amid their slices.
Deflaters& idle_deflaters()
{
    thread_local Deflaters idle;
    return idle;
}

std::unique_ptr<Deflater> take_deflater()
{
    auto& idle = idle_deflaters();
    if (idle.empty())
        return std::make_unique<Deflater>();
    auto deflater = std::move(idle.back());
    idle.pop_back();
    return deflater;
}

}

Task<std::string> gzip(std::string text)
{
    auto deflater = take_deflater();
    deflater->begin();
    std::string out;
    out.reserve(text.size() / 4 + 256);
    std::string_view rest = text;
    while (rest.size() > slice) {
        deflater->add(out, rest.substr(0, slice), false);
        rest.remove_prefix(slice);
        co_await asio::post(co_await asio::this_coro::executor, asio::deferred);
    }
    deflater->add(out, rest, true);
    if (auto& idle = idle_deflaters(); idle.size() < max_idle)
        idle.push_back(std::move(deflater));
    co_return out;
}

}
