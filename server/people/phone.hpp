#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace hermod::people {

struct Phone {
    std::string e164;
    std::string match_key; ///< one for all forms in which one line is written
};

/// A number with its leading `+` and country code, as E.164; else what is wrong with it. Asks for
/// a possible length only: which numbers are valid changes faster than the metadata does.
std::expected<Phone, std::string> read_phone(std::string_view text);

/// The one of a line's written forms that stands for all of them.
std::string equal_form(std::string const& e164);

}
