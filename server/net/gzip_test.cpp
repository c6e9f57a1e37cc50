#include "net/gzip.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <zlib.h>

#include <set>

namespace hermod::net {

static std::string compressed(std::string const& text)
{
    asio::io_context io;
    std::string out;
    run_blocking(io, [&]() -> Task<void> { out = co_await gzip(text); });
    return out;
}

static std::string plain(std::string const& bytes, std::size_t room)
{
    z_stream stream{};
    inflateInit2(&stream, 16 + MAX_WBITS);
    std::string copy = bytes;
    std::string out(room + 1, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(copy.data());
    stream.avail_in = static_cast<uInt>(copy.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    EXPECT_EQ(stream.avail_in, 0u);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

TEST(GzipTest, gives_back_what_it_was_given)
{
    std::string noise;
    for (unsigned i = 0, x = 1; i < 300'000; ++i, x = x * 1664525 + 1013904223)
        noise.push_back(static_cast<char>(x >> 24));
    for (auto const& text : {std::string{}, std::string{"x"}, std::string(65'536, 'a'),
             std::string(65'537, 'a'), std::string(1'000'000, 'b'), noise}) {
        EXPECT_EQ(plain(compressed(text), text.size()), text);
    }
}

TEST(GzipTest, one_text_has_many_lengths)
{
    std::set<std::size_t> lengths;
    for (int i = 0; i < 100; ++i)
        lengths.insert(compressed(std::string(5000, 'a')).size());
    EXPECT_GT(lengths.size(), 30u);
}

TEST(GzipTest, is_used_only_where_the_client_takes_it)
{
    for (auto const yes : {"gzip", "gzip, deflate, br", "GZIP", "x-gzip", "*", "br, *;q=0.1",
             "gzip;q=0.001", "gzip ; q=1.000", "identity;q=0, *", "identity;q=0.5, gzip;q=0.5",
             "deflate,,gzip", "br;q=1.0, gzip;q=0.8"})
        EXPECT_TRUE(accepts_gzip(yes)) << yes;
    for (auto const no : {"", "br", "gzip;q=0", "gzip;q=0.000", "*;q=0", "gzip;q=0, *", "identity",
             "identity, gzip;q=0.5", "gzip;q=2", "gzip;q=-1", "gzip;q=", "gzip;q=0.0001",
             "gzip;level=9", "gzipx", "gzip;q=1;q=0", "gzip;q=1.001", "gzip, br;q=x"})
        EXPECT_FALSE(accepts_gzip(no)) << no;
}

}
