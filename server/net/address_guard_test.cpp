#include "net/address_guard.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstring>

namespace hermod::net {

static IpAddress address(std::string_view text)
{
    auto const parsed = IpAddress::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed.value_or(IpAddress{});
}

static constexpr UrlRules http{};
static constexpr UrlRules https_only{UrlRules::Kind::http, true};
static constexpr UrlRules smtp{UrlRules::Kind::smtp, false};

TEST(ReachTest, public_addresses_are_global)
{
    for (auto const* text :
        {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
            "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255",
            "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0",
            "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:4860:4860::8888",
            "2606:4700::1111", "2a00::1", "2001:200::1", "2003::1", "2001:db9::1", "3fff:1000::1"})
        EXPECT_EQ(reach_of(address(text)), Reach::global) << text;
}

TEST(ReachTest, addresses_of_local_networks_need_the_operator)
{
    for (auto const* text : {"10.0.0.0", "10.255.255.255", "127.0.0.1", "127.255.255.255",
             "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255", "100.64.0.0",
             "100.127.255.255", "::1", "fc00::1", "fdff::1", "fd12:3456:789a::1"})
        EXPECT_EQ(reach_of(address(text)), Reach::local) << text;
}

TEST(ReachTest, special_addresses_are_never_reached)
{
    for (auto const* text :
        {"0.0.0.0", "0.1.2.3", "169.254.0.1", "169.254.169.254", "169.254.170.2", "100.100.100.200",
            "168.63.129.16", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1",
            "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
            "240.0.0.1", "255.255.255.255", "::", "fe80::1", "febf::1", "fec0::1", "ff02::1",
            "ff0e::1", "100::1", "2001:db8::1", "2001:10::1", "2001:20::1", "2001:1::1", "3fff::1",
            "3fff:fff::1", "5f00::1", "4000::1", "fd00:ec2::254", "fd20:ce::254", "64:ff9c::1",
            "1::1", "fe80::5efe:10.0.0.1"})
        EXPECT_EQ(reach_of(address(text)), Reach::never) << text;
}

TEST(ReachTest, ipv6_that_carries_ipv4_is_never_global)
{
    struct Row {
        char const* text;
        Reach reach;
    };
    static constexpr Row rows[] = {
        {"::ffff:8.8.8.8", Reach::local},
        {"::ffff:127.0.0.1", Reach::local},
        {"::ffff:7f00:1", Reach::local},
        {"::ffff:10.1.2.3", Reach::local},
        {"::ffff:169.254.169.254", Reach::never},
        {"::ffff:0.0.0.0", Reach::never},
        {"::127.0.0.1", Reach::local},
        {"::8.8.8.8", Reach::local},
        {"::169.254.169.254", Reach::never},
        {"::ffff:0:127.0.0.1", Reach::local},
        {"::ffff:0:169.254.169.254", Reach::never},
        {"64:ff9b::8.8.8.8", Reach::local},
        {"64:ff9b::127.0.0.1", Reach::local},
        {"64:ff9b::a9fe:a9fe", Reach::never},
        {"64:ff9b:1::10.0.0.1", Reach::local},
        {"64:ff9b:1:abcd::169.254.169.254", Reach::never},
        {"2002:0808:0808::1", Reach::local},
        {"2002:7f00:0001::1", Reach::local},
        {"2002:a9fe:a9fe::1", Reach::never},
        {"2001::f5ff:fffe", Reach::local}, // Teredo of 10.0.0.1
        {"2001:0:4136:e378:8000:63bf:5601:5601", Reach::never}, // Teredo of 169.254.169.254
        {"2a00::5efe:10.0.0.1", Reach::local},
        {"2a00::200:5efe:8.8.8.8", Reach::local},
        {"2a00::200:5efe:169.254.169.254", Reach::never},
    };
    for (auto const& row : rows)
        EXPECT_EQ(reach_of(address(row.text)), row.reach) << row.text;
}

TEST(AddressGuardTest, the_switch_opens_local_networks_and_no_more)
{
    AddressGuard const closed{false};
    AddressGuard const open{true};

    EXPECT_TRUE(closed.allows(address("1.1.1.1")));
    EXPECT_FALSE(closed.allows(address("127.0.0.1")));
    EXPECT_TRUE(open.allows(address("127.0.0.1")));
    EXPECT_TRUE(open.allows(address("::ffff:192.168.1.1")));
    EXPECT_FALSE(open.allows(address("169.254.169.254")));
    EXPECT_FALSE(open.allows(address("::ffff:169.254.169.254")));
}

TEST(AddressGuardTest, an_exception_counts_whatever_the_rules_say)
{
    AddressGuard const guard{false, {{address("10.1.0.0"), 20}, {address("fe80::"), 10}}};

    EXPECT_TRUE(guard.allows(address("10.1.15.255")));
    EXPECT_FALSE(guard.allows(address("10.1.16.0")));
    EXPECT_TRUE(guard.allows(address("fe80::1")));
    EXPECT_FALSE(guard.allows(address("fec0::1")));
}

TEST(AddressGuardTest, good_urls_come_out_in_one_form)
{
    struct Row {
        char const* url;
        char const* result;
    };
    static constexpr Row rows[] = {
        {"https://example.com", "https://example.com:443/"},
        {"HTTP://Example.COM:8080/Path?q=1#part", "http://example.com:8080/Path?q=1"},
        {"https://example.com?x=@y", "https://example.com:443/?x=@y"},
        {"https://example.com./x", "https://example.com:443/x"},
        {"http://1.1.1.1/", "http://1.1.1.1:80/"},
        {"http://0x01010101/", "http://1.1.1.1:80/"},
        {"http://16843009/", "http://1.1.1.1:80/"},
        {"http://01.01.01.01/", "http://1.1.1.1:80/"},
        {"http://1.65793/", "http://1.1.1.1:80/"},
        {"http://[2606:4700:0::1111]:8443/a", "http://[2606:4700::1111]:8443/a"},
        {"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example:80/"},
        {"http://a.1.example/", "http://a.1.example:80/"},
    };
    for (auto const& row : rows) {
        auto const vetted = AddressGuard{false}.vet(row.url, http);

        ASSERT_TRUE(vetted.has_value()) << row.url << ": " << vetted.error().message;
        EXPECT_EQ(vetted->str(), row.result);
    }
}

TEST(AddressGuardTest, malformed_urls_are_refused)
{
    for (auto const* url : {"", "example.com", "//example.com", "http:/example.com", "http://",
             "http:///path", "http://:80/", "ftp://example.com/", "file:///etc/passwd",
             "gopher://example.com/", "dict://example.com:11211/", "javascript:alert(1)",
             "https+unix://x/", "http://user@example.com/", "http://user:pw@example.com/",
             "http://@example.com/", "http://example.com:0/", "http://example.com:65536/",
             "http://example.com:/", "http://example.com:8a/", "http://example.com:-1/",
             "http://example.com:80:80/", "http://exa mple.com/", "http://example.com/a b",
             "http://example.com/\r\nHost: x", "http://example.com\\@evil.example/",
             "http://ex%61mple.com/", "http://exämple.com/", "http://127。0。0。1/", "http://[::1/",
             "http://::1/", "http://[127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://[::1]x/",
             "http://[]/", "http://256.1.1.1/", "http://1.1.1.256/", "http://1.2.3.4.5/",
             "http://08.1.1.1/", "http://0x/", "http://1..1/", "http://4294967296/",
             "http://1.16777216/", "http://example.0x7f/", "http://.example.com/",
             "http://example..com/", "http://a_b.c,d/", "http://./", "http://example.com../"}) {
        auto const vetted = AddressGuard{true}.vet(url, http);

        EXPECT_FALSE(vetted.has_value()) << url << " became " << (vetted ? vetted->str() : "");
        if (!vetted)
            EXPECT_FALSE(vetted.error().blocked) << url;
    }
    EXPECT_FALSE(AddressGuard{true}.vet("http://a/" + std::string(3000, 'x'), http).has_value());
    EXPECT_FALSE(AddressGuard{true}.vet("http://" + std::string(254, 'x'), http).has_value());
    EXPECT_FALSE(AddressGuard{true}.vet("http://example.com/", https_only).has_value());
    EXPECT_TRUE(AddressGuard{true}.vet("https://example.com/", https_only).has_value());
}

TEST(AddressGuardTest, private_networks_are_blocked_in_every_spelling)
{
    for (auto const* url : {"http://127.0.0.1/", "http://127.1/", "http://2130706433/",
             "http://0x7f000001/", "http://0x7F.1/", "http://0177.0.0.1/", "http://017700000001/",
             "http://0/", "http://0.0.0.0/", "http://10.0.0.1/", "http://0xa.0.0.1/",
             "http://169.254.169.254/latest/meta-data", "http://0xa9fea9fe/", "http://2852039166/",
             "http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
             "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
             "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[fc00::1]/",
             "http://[fe80::1]/", "http://localhost/", "http://LOCALHOST./",
             "http://x.localhost:8080/", "http://127.0.0.1./", "http://100.64.0.1/"}) {
        auto const vetted = AddressGuard{false}.vet(url, http);

        ASSERT_FALSE(vetted.has_value()) << url;
        EXPECT_TRUE(vetted.error().blocked) << url;
    }
}

TEST(AddressGuardTest, ports_of_other_services_are_blocked)
{
    AddressGuard const closed{false};

    for (auto const* url : {"http://example.com:22/", "http://example.com:25/",
             "http://example.com:6379/", "http://example.com:11211/", "http://example.com:5432/"})
        EXPECT_FALSE(closed.vet(url, http).has_value()) << url;
    EXPECT_TRUE(closed.vet("http://example.com:3000/", http).has_value());
    EXPECT_TRUE(AddressGuard{true}.vet("http://example.com:22/", http).has_value());
    EXPECT_TRUE(closed.vet("smtp://example.com:25", smtp).has_value());
    EXPECT_TRUE(closed.vet("smtp://example.com:2525", smtp).has_value());
    EXPECT_FALSE(closed.vet("smtp://example.com:80", smtp).has_value());
}

TEST(AddressGuardTest, smtp_has_its_own_schemes_and_no_path)
{
    AddressGuard const guard{false};

    EXPECT_EQ(guard.vet("smtp://mail.example", smtp)->str(), "smtp://mail.example:587");
    EXPECT_EQ(guard.vet("smtps://mail.example/", smtp)->str(), "smtps://mail.example:465");
    EXPECT_FALSE(guard.vet("smtp://mail.example/path", smtp).has_value());
    EXPECT_FALSE(guard.vet("smtp://user@mail.example", smtp).has_value());
    EXPECT_FALSE(guard.vet("http://mail.example", smtp).has_value());
    EXPECT_FALSE(guard.vet("smtp://mail.example", http).has_value());
}

/// What the machine's resolver makes of a host without asking DNS.
static std::optional<IpAddress> resolve_numeric(std::string const& host)
{
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_family = AF_INET;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0)
        return std::nullopt;
    sockaddr_in peer{};
    std::memcpy(&peer, found->ai_addr, sizeof peer);
    ::freeaddrinfo(found);
    std::array<std::uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &peer.sin_addr, 4);
    return IpAddress::v4(bytes);
}

TEST(AddressGuardTest, numbers_are_read_as_the_resolver_reads_them)
{
    for (auto const* host :
        {"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.1", "0",
            "0.0", "255.255.255.255", "4294967295", "1.2.65535", "00000001.1", "0x00000001"}) {
        auto const ours = literal_v4(host);

        ASSERT_TRUE(ours.has_value() && ours->has_value()) << host;
        EXPECT_EQ(*ours, resolve_numeric(host)) << host;
    }
}

}
