#include "people/phone.hpp"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>

namespace hermod::people {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

static constexpr std::size_t max_length = 40;
static constexpr int max_rounds = 5;

static std::string const not_possible = "is not a possible phone number";

/// Digits and what people put between them. Letters and extensions, which the library would read,
/// are no part of an address.
static bool is_plain(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9')
            || std::string_view{" -.()/"}.find(c) != std::string_view::npos;
    });
}

std::string equal_form(std::string const& e164)
{
    auto const is = [&](std::string_view prefix, std::size_t length) {
        return e164.size() == length && e164.starts_with(prefix);
    };
    // Brazil: mobiles got a ninth digit in front, and networks still name some without it.
    if (is("+55", 13) && e164[5] >= '6')
        return e164.substr(0, 5) + '9' + e164.substr(5);
    // Mexico: the 1 between country code and number went in 2019, but not everywhere.
    if (is("+521", 14))
        return "+52" + e164.substr(4);
    // Argentina: the 9 marks a mobile when called from abroad, and is often left out.
    if (is("+549", 14))
        return "+54" + e164.substr(4);
    // Benin: every number got 01 in front in 2024.
    if (is("+229", 12))
        return "+22901" + e164.substr(4);
    return e164;
}

static bool is_possible(PhoneNumberUtil const& util, PhoneNumber const& number)
{
    return util.IsPossibleNumberWithReason(number) == PhoneNumberUtil::IS_POSSIBLE;
}

/// The form before Benin's change, which older metadata knows.
static bool is_possible_new_form(PhoneNumberUtil const& util, std::string const& e164)
{
    PhoneNumber older;
    return e164.size() == 14 && e164.starts_with("+22901")
        && util.Parse("+229" + e164.substr(6), "ZZ", &older) == PhoneNumberUtil::NO_PARSING_ERROR
        && is_possible(util, older);
}

std::expected<Phone, std::string> read_phone(std::string_view text)
{
    if (text.size() > max_length)
        return std::unexpected(std::string{"is too long for a phone number"});
    if (!text.starts_with('+'))
        return std::unexpected(
            std::string{"must begin with + and the country code, as in +12025550100"});
    if (!is_plain(text.substr(1)))
        return std::unexpected(std::string{"must have digits only after the +"});

    auto const& util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    Phone phone{std::string{text}, {}};
    // Reading takes away one national prefix (+90 0 5…), which may lay bare another: the normal
    // form is the one that reads as itself.
    std::string before;
    for (int round = 0; phone.e164 != before; ++round) {
        before = phone.e164;
        auto const error = util.Parse(before, "ZZ", &number);
        if (error == PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR)
            return std::unexpected(std::string{"does not begin with a country code"});
        if (error != PhoneNumberUtil::NO_PARSING_ERROR || round == max_rounds)
            return std::unexpected(not_possible);
        util.Format(number, PhoneNumberUtil::E164, &phone.e164);
    }
    if (!is_possible(util, number) && !is_possible_new_form(util, phone.e164))
        return std::unexpected(not_possible);
    phone.match_key = equal_form(phone.e164);
    return phone;
}

}
