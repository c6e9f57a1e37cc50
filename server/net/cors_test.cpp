#include "net/cors.hpp"

#include <gtest/gtest.h>

namespace hermod::net {

TEST(CorsTest, an_origin_is_as_browsers_write_it)
{
    for (auto const good : {"https://app.example.com", "http://localhost:5173",
             "https://[::1]:8443", "capacitor://localhost", "*"})
        EXPECT_TRUE(is_cors_origin(good)) << good;
    for (auto const bad : {"", "null", "app.example.com", "https://", "https://a.example/",
             "https://A.example", "https://a.example:443", "http://a.example:80",
             "https://*.example.com", "https://user@a.example", "https://a.example\r\nX: y", "://a",
             "HTTPS://a.example", "https://a.example, https://b.example"})
        EXPECT_FALSE(is_cors_origin(bad)) << bad;
}

static bool has(std::string_view lines, std::string_view line)
{
    return lines.find(line) != std::string_view::npos;
}

TEST(CorsTest, without_configuration_nothing_is_said)
{
    Cors const cors;
    EXPECT_EQ(cors.lines_for("https://app.example.com"), "");
    EXPECT_EQ(cors.lines_for(""), "");
}

TEST(CorsTest, a_listed_origin_is_named_and_no_other)
{
    Cors const cors{{"https://app.example.com"}};
    auto const lines = cors.lines_for("https://app.example.com");

    EXPECT_TRUE(has(lines, "Access-Control-Allow-Origin: https://app.example.com\r\n"));
    EXPECT_TRUE(has(lines, "Access-Control-Allow-Credentials: true\r\n"));
    EXPECT_TRUE(has(lines, "Vary: Origin\r\n"));
    for (auto const name : {"X-Request-Id", "RateLimit-Remaining", "Retry-After"})
        EXPECT_TRUE(has(lines, name)) << name;
    for (auto const other :
        {"", "null", "https://app.example.com.evil.example", "http://app.example.com",
            "https://app.example.com:8443", "https://evil.example", "https://APP.example.com"})
        EXPECT_EQ(cors.lines_for(other), "Vary: Origin\r\n") << other;
}

TEST(CorsTest, any_origin_never_comes_with_credentials)
{
    Cors const cors{{"*", "https://app.example.com"}};

    EXPECT_TRUE(has(cors.lines_for("https://app.example.com"), "Allow-Credentials: true"));
    for (auto const other : {"https://shop.example", "null"}) {
        EXPECT_TRUE(has(cors.lines_for(other), "Access-Control-Allow-Origin: *\r\n"));
        EXPECT_FALSE(has(cors.lines_for(other), "Credentials"));
    }
    EXPECT_EQ(cors.lines_for(""), "Vary: Origin\r\n");
}

TEST(CorsTest, a_route_of_publishable_keys_lets_any_page_ask_without_cookies)
{
    Cors const cors{{"https://app.example.com"}};

    EXPECT_TRUE(has(cors.lines_for_pages("https://app.example.com"), "Allow-Credentials: true"));
    for (auto const other : {"https://shop.example", "null", ""}) {
        EXPECT_TRUE(has(cors.lines_for_pages(other), "Access-Control-Allow-Origin: *\r\n"));
        EXPECT_TRUE(has(cors.lines_for_pages(other), "Vary: Origin\r\n"));
        EXPECT_FALSE(has(cors.lines_for_pages(other), "Credentials"));
    }
}

}
