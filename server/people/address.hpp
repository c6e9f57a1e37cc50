#pragma once

#include "base/errors.hpp"
#include "base/reflect.hpp"

#include <expected>
#include <string>
#include <string_view>

namespace hermod::people {

/// `external` is an id of the tenant's own or of a network Hermod has no form for.
enum class AddressKind { phone, email, whatsapp, external };
BOOST_DESCRIBE_ENUM(AddressKind, phone, email, whatsapp, external)

/// An address in its normal form; made by read_address alone, so it is valid. Two spellings of one
/// address (a Brazilian mobile with and without its ninth digit) have one match_key.
struct ParsedAddress {
    AddressKind kind = AddressKind::phone;
    std::string value;
    std::string match_key;
};

/// Phone numbers need their leading `+`; a problem is invalid_phone_number, invalid_email or
/// invalid_body and says at `field` what is wrong.
std::expected<ParsedAddress, Problem> read_address(
    AddressKind kind, std::string_view text, std::string_view field = "value");

/// The kind by its look: with an `@` an e-mail address, else a phone number.
std::expected<ParsedAddress, Problem> read_address(
    std::string_view text, std::string_view field = "to");

/// As read_address, but throws the problem.
ParsedAddress parse_address(
    AddressKind kind, std::string_view text, std::string_view field = "value");
ParsedAddress parse_address(std::string_view text, std::string_view field = "to");

}
