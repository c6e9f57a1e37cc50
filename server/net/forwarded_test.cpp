#include "net/forwarded.hpp"

#include <gtest/gtest.h>

namespace hermod::net {

static TrustedProxies proxies(ForwardedBy by = ForwardedBy::x_forwarded_for)
{
    return {{*Network::parse("10.0.0.0/8"), *Network::parse("fd00::/8")}, by};
}

static Request request_from(std::string peer, Pairs headers)
{
    Request request;
    request.remote_address = std::move(peer);
    request.headers = std::move(headers);
    return request;
}

static std::string client_of(std::string peer, std::string list)
{
    auto request = request_from(std::move(peer), {{"x-forwarded-for", std::move(list)}});
    proxies().apply(request);
    return request.remote_address;
}

TEST(NetworkTest, is_an_address_and_the_bits_that_count)
{
    for (auto const good : {"10.0.0.0/8", "0.0.0.0/0", "10.1.2.3", "10.1.2.3/32", "::/0", "::1",
             "fd00::/8", "2001:db8::/32"})
        EXPECT_TRUE(Network::parse(good)) << good;
    for (auto const bad :
        {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", "10.0.0.1/8",
            "10.0.0/8", "::/129", "fd00::1/8", "localhost", "10.0.0.0/8/8", "10.0.0.0/0x8", "*"})
        EXPECT_FALSE(Network::parse(bad)) << bad;
    EXPECT_TRUE(Network::parse("10.0.0.0/8")->contains(*IpAddress::parse("10.255.0.1")));
    EXPECT_FALSE(Network::parse("10.0.0.0/8")->contains(*IpAddress::parse("11.0.0.0")));
}

TEST(ForwardedTest, a_stranger_is_who_connects_whatever_it_says)
{
    EXPECT_EQ(client_of("198.51.100.7", "203.0.113.9"), "198.51.100.7");
    EXPECT_EQ(client_of("198.51.100.7", "10.0.0.1"), "198.51.100.7");
    EXPECT_EQ(client_of("2001:db8::1", "203.0.113.9"), "2001:db8::1");
    EXPECT_EQ(client_of("", "203.0.113.9"), "");

    TrustedProxies const none;
    auto request = request_from("127.0.0.1", {{"x-forwarded-for", "203.0.113.9"}});
    none.apply(request);
    EXPECT_EQ(request.remote_address, "127.0.0.1");
}

TEST(ForwardedTest, the_client_is_the_rightmost_that_is_not_trusted)
{
    EXPECT_EQ(client_of("10.0.0.1", "203.0.113.9"), "203.0.113.9");
    EXPECT_EQ(client_of("10.0.0.1", "192.0.2.1, 203.0.113.9"), "203.0.113.9");
    EXPECT_EQ(client_of("10.0.0.1", "192.0.2.1, 203.0.113.9, 10.0.0.2 ,10.0.0.3"), "203.0.113.9");
    EXPECT_EQ(client_of("fd00::1", "2001:db8::9"), "2001:db8::9");
    EXPECT_EQ(client_of("10.0.0.1", "203.0.113.9:4711"), "203.0.113.9");
    EXPECT_EQ(client_of("10.0.0.1", "[2001:DB8::9]:4711"), "2001:db8::9");
    EXPECT_EQ(client_of("10.0.0.1", "::ffff:203.0.113.9"), "203.0.113.9");
    EXPECT_EQ(client_of("10.0.0.1", "::ffff:10.0.0.4"), "10.0.0.4"); // all of them are ours
    EXPECT_EQ(client_of("10.0.0.1", "10.0.0.3, 10.0.0.2"), "10.0.0.3");
}

TEST(ForwardedTest, what_is_no_address_ends_the_walk_at_the_one_who_wrote_it)
{
    for (auto const bad : {"", " ", ",", "unknown", "_hidden", "203.0.113", "203.0.113.9:", "[::1",
             "203.0.113.9:port", "203.0.113.9 203.0.113.8", "<script>", "203.0.113.9,"})
        EXPECT_EQ(client_of("10.0.0.1", bad), "10.0.0.1") << bad;
    EXPECT_EQ(client_of("10.0.0.1", "203.0.113.9, unknown, 10.0.0.2"), "10.0.0.2");
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += "10.0.0.9,";
    EXPECT_EQ(client_of("10.0.0.1", "203.0.113.9," + many + "10.0.0.2"), "10.0.0.9");
}

TEST(ForwardedTest, several_lines_are_one_list)
{
    auto request = request_from("10.0.0.1",
        {{"x-forwarded-for", "192.0.2.1"}, {"other", "x"}, {"x-forwarded-for", "203.0.113.9"}});
    proxies().apply(request);
    EXPECT_EQ(request.remote_address, "203.0.113.9");
}

TEST(ForwardedTest, scheme_and_host_come_from_the_proxy)
{
    auto request = request_from("10.0.0.1",
        {{"host", "inner"}, {"x-forwarded-for", "203.0.113.9"},
            {"x-forwarded-proto", "http, HTTPS"},
            {"x-forwarded-host", "evil.example, chat.example.com"}});
    auto const untouched = request_from("198.51.100.7", request.headers);
    auto stranger = untouched;

    proxies().apply(request);
    proxies().apply(stranger);

    EXPECT_TRUE(request.secure);
    EXPECT_EQ(request.host(), "chat.example.com");
    EXPECT_FALSE(stranger.secure);
    EXPECT_EQ(stranger.host(), "inner");
}

TEST(ForwardedTest, a_host_that_is_none_is_not_taken)
{
    auto request = request_from(
        "10.0.0.1", {{"host", "inner"}, {"x-forwarded-host", "user@evil.example/path"}});
    proxies().apply(request);
    EXPECT_EQ(request.host(), "inner");
}

TEST(ForwardedTest, only_the_header_that_the_proxies_write_is_read)
{
    Pairs const both{{"x-forwarded-for", "203.0.113.9"}, {"x-forwarded-proto", "https"},
        {"forwarded", "for=192.0.2.1;proto=http"}};
    auto by_x = request_from("10.0.0.1", both);
    auto by_standard = request_from("10.0.0.1", both);

    proxies().apply(by_x);
    proxies(ForwardedBy::forwarded).apply(by_standard);

    EXPECT_EQ(by_x.remote_address, "203.0.113.9");
    EXPECT_TRUE(by_x.secure);
    EXPECT_EQ(by_standard.remote_address, "192.0.2.1");
    EXPECT_FALSE(by_standard.secure);
}

TEST(ForwardedTest, the_standard_header_is_walked_as_well)
{
    auto const client = [](std::string header) {
        auto request = request_from("10.0.0.1", {{"host", "in"}, {"forwarded", std::move(header)}});
        proxies(ForwardedBy::forwarded).apply(request);
        return request.remote_address + (request.secure ? " https " : " http ")
            + std::string{request.host()};
    };
    EXPECT_EQ(client("for=203.0.113.9"), "203.0.113.9 http in");
    EXPECT_EQ(client("For=\"[2001:db8::9]:47\";Proto=https;host=\"a.example:8443\";by=_x"),
        "2001:db8::9 https a.example:8443");
    EXPECT_EQ(client("for=192.0.2.1;proto=http, for=203.0.113.9;proto=https, for=10.0.0.2"),
        "203.0.113.9 https in");
    EXPECT_EQ(client("for=unknown;proto=https"), "10.0.0.1 https in");
    EXPECT_EQ(client("proto=https"), "10.0.0.1 https in");
    for (auto const bad : {"for=", "for=a b", "=x", "for=\"203.0.113.9", "for=\"\\", "for:x",
             "for=192.0.2.1;for=203.0.113.9", "for=203.0.113.9;", "for=203.0.113.9 proto=https"})
        EXPECT_EQ(client(bad), "10.0.0.1 http in") << bad;
}

}
