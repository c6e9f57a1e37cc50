#include "people/address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace hermod::people {

TEST(AddressTest, e_mail_addresses_keep_their_mailbox_and_match_without_case)
{
    auto const address = read_address("Ana.Silva+x@Mail.Example.COM");

    ASSERT_TRUE(address.has_value());
    EXPECT_EQ(address->kind, AddressKind::email);
    EXPECT_EQ(address->value, "Ana.Silva+x@mail.example.com");
    EXPECT_EQ(address->match_key, "ana.silva+x@mail.example.com");
}

TEST(AddressTest, good_e_mail_addresses_are_taken)
{
    for (auto const& text : std::vector<std::string>{"a@b.co", "o'brien@example.com",
             "a.b.c@x-y.example", "!#$%&'*+-/=?^_`{|}~@example.com", "x@xn--bcher-kva.example",
             "1@1.example", std::string(64, 'a') + "@example.com"})
        EXPECT_TRUE(read_address(text).has_value()) << text;
}

TEST(AddressTest, bad_e_mail_addresses_are_refused_with_their_own_code)
{
    using namespace std::string_literals;
    auto const long_label = std::string(64, 'd');
    for (auto const& text : std::vector<std::string>{"@"s, "a@"s, "@b.co"s, "a@b"s, "a@b."s,
             "a@.b"s, "a@b..co"s, ".a@b.co"s, "a.@b.co"s, "a..b@b.co"s, "a b@b.co"s, "a@b c.co"s,
             "a@-b.co"s, "a@b-.co"s, "a@b.123"s, "a@[127.0.0.1]"s, "\"a b\"@b.co"s, "a@b_c.co"s,
             "a@b.co\r\nBcc: x@y.z"s, "a\n@b.co"s, "a\0b@c.co"s, "a@b.co,c@d.co"s, "<a@b.co>"s,
             "a@b@c.co"s, "ä@b.co"s, "a@bücher.example"s, std::string(65, 'a') + "@b.co",
             "a@" + long_label + ".co", "a@" + std::string(250, 'b') + ".co"}) {
        auto const address = read_address(text, "to");
        ASSERT_FALSE(address.has_value()) << text;
        EXPECT_EQ(address.error().code, Errc::invalid_email) << text;
        ASSERT_EQ(address.error().fields.size(), 1U);
        EXPECT_EQ(address.error().fields.front().field, "to");
    }
}

TEST(AddressTest, the_kind_of_an_address_is_seen_by_its_look)
{
    EXPECT_EQ(read_address("+12025550100")->kind, AddressKind::phone);
    EXPECT_EQ(read_address("a@b.co")->kind, AddressKind::email);
    EXPECT_EQ(read_address("2025550100").error().code, Errc::invalid_phone_number);
    EXPECT_EQ(read_address("ana").error().code, Errc::invalid_phone_number);
    EXPECT_EQ(read_address("").error().code, Errc::invalid_phone_number);
}

TEST(AddressTest, ids_of_networks_are_taken_as_they_are)
{
    auto const address = read_address(AddressKind::whatsapp, "123456789@lid");

    ASSERT_TRUE(address.has_value());
    EXPECT_EQ(address->value, "123456789@lid");
    EXPECT_EQ(read_address(AddressKind::external, "").error().code, Errc::invalid_body);
    EXPECT_EQ(read_address(AddressKind::external, "a\nb").error().code, Errc::invalid_body);
    EXPECT_EQ(read_address(AddressKind::external, "a\xff").error().code, Errc::invalid_body);
    EXPECT_EQ(read_address(AddressKind::external, std::string(257, 'a')).error().code,
        Errc::invalid_body);
}

TEST(AddressTest, parsing_throws_the_problem)
{
    EXPECT_THROW(parse_address("nobody"), Problem);
    EXPECT_EQ(parse_address(AddressKind::phone, "+12025550100").match_key, "+12025550100");
}

}
