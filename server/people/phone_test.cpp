#include "people/phone.hpp"

#include <gtest/gtest.h>

namespace hermod::people {

struct GoodNumber {
    std::string_view given;
    std::string_view e164;
};

TEST(PhoneTest, possible_numbers_become_e164)
{
    static constexpr GoodNumber table[]{
        {"+12025550100", "+12025550100"},
        {"+1 (202) 555-0100", "+12025550100"},
        {"+1.202.555.0100", "+12025550100"},
        {"+15005550001", "+15005550001"},
        {"+49 30 123456", "+4930123456"},
        {"+390612345678", "+390612345678"}, // the zero belongs to Italian numbers
        {"+1 242 555 0100", "+12425550100"}, // possible, though the metadata call it invalid
        {"+5511987654321", "+5511987654321"},
        {"+551187654321", "+551187654321"}, // kept as given, ninth digit or not
        {"+2290197123456", "+2290197123456"}, // newer than the metadata
        {"+80012345678", "+80012345678"},
        {"+90 0 532 123 4567", "+905321234567"},
    };
    for (auto const& [given, e164] : table) {
        auto const phone = read_phone(given);
        ASSERT_TRUE(phone.has_value()) << given << ": " << phone.error();
        EXPECT_EQ(phone->e164, e164) << given;
    }
}

TEST(PhoneTest, what_is_no_possible_number_is_refused)
{
    static constexpr std::string_view table[]{"", "+", "12025550100", "0012025550100",
        " +12025550100", "+1202555", "+123", "+4930123456789012345", "+999123456789", "+0049123",
        "+1800FLOWERS", "+12025550100 ext. 5", "+12025550100;ext=5", "tel:+12025550100",
        "++12025550100", "+1202555010\n0", "+1202555\0100", "+55119876543210", "+2290297123456",
        "+١٢٠٢٥٥٥٠١٠٠", "+1 202 555 0100 1 202 555 0100 1 202 555 0100", "+----------------",
        "ana@example.com"};
    for (auto const text : table) {
        auto const phone = read_phone(text);
        EXPECT_FALSE(phone.has_value()) << text;
        EXPECT_TRUE(phone || !phone.error().empty()) << text;
    }
}

TEST(PhoneTest, a_number_without_its_plus_says_so)
{
    EXPECT_NE(read_phone("0012025550100").error().find("must begin with +"), std::string::npos);
}

struct Equal {
    std::string_view one;
    std::string_view other;
    bool equal;
};

TEST(PhoneTest, the_written_forms_of_one_line_match)
{
    static constexpr Equal table[]{
        {"+5511987654321", "+551187654321", true},
        {"+5511967654321", "+551167654321", true},
        {"+551133334444", "+5511933334444", false}, // a landline has no ninth digit
        {"+5511987654321", "+5521987654321", false},
        {"+5215512345678", "+525512345678", true},
        {"+5491112345678", "+541112345678", true},
        {"+54 11 15 1234 5678", "+5491112345678", true},
        {"+22997123456", "+2290197123456", true},
        {"+12025550100", "+12025550101", false},
        {"+521234567890", "+521234567891", false},
    };
    for (auto const& [one, other, equal] : table) {
        auto const a = read_phone(one);
        auto const b = read_phone(other);
        ASSERT_TRUE(a && b) << one << ' ' << other;
        EXPECT_EQ(a->match_key == b->match_key, equal) << one << ' ' << other;
    }
}

TEST(PhoneTest, an_equal_form_is_its_own_equal_form)
{
    for (std::string const number :
        {"+551187654321", "+5215512345678", "+5491112345678", "+22997123456", "+12025550100"}) {
        auto const form = equal_form(number);
        EXPECT_EQ(equal_form(form), form) << number;
    }
}

}
