#include "people/address.hpp"

#include "base/text.hpp"
#include "people/email.hpp"
#include "people/phone.hpp"

namespace hermod::people {

static std::unexpected<Problem> wrong(Errc code, std::string_view field, std::string message)
{
    return std::unexpected(Problem{code, {}, {{std::string{field}, std::move(message)}}});
}

static std::expected<ParsedAddress, Problem> read_phone_address(
    std::string_view text, std::string_view field)
{
    auto phone = read_phone(text);
    if (!phone)
        return wrong(Errc::invalid_phone_number, field, std::move(phone.error()));
    return ParsedAddress{AddressKind::phone, std::move(phone->e164), std::move(phone->match_key)};
}

static std::expected<ParsedAddress, Problem> read_email_address(
    std::string_view text, std::string_view field)
{
    auto email = read_email(text);
    if (!email)
        return wrong(Errc::invalid_email, field, std::move(email.error()));
    auto key = to_lower(*email);
    return ParsedAddress{AddressKind::email, *std::move(email), std::move(key)};
}

/// An id of a network's own: what it is made of is the network's affair, but it is one line.
static std::expected<ParsedAddress, Problem> read_opaque(
    AddressKind kind, std::string_view text, std::string_view field)
{
    static constexpr std::size_t max = 256;
    auto const length = count_code_points(text);
    if (!length || *length == 0 || *length > max)
        return wrong(Errc::invalid_body, field, "must be 1 to 256 characters");
    for (auto const c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return wrong(Errc::invalid_body, field, "must have no control characters");
    }
    return ParsedAddress{kind, std::string{text}, std::string{text}};
}

std::expected<ParsedAddress, Problem> read_address(
    AddressKind kind, std::string_view text, std::string_view field)
{
    switch (kind) {
    case AddressKind::phone:
        return read_phone_address(text, field);
    case AddressKind::email:
        return read_email_address(text, field);
    case AddressKind::whatsapp:
    case AddressKind::external:
        break;
    }
    return read_opaque(kind, text, field);
}

std::expected<ParsedAddress, Problem> read_address(std::string_view text, std::string_view field)
{
    if (text.find('@') != std::string_view::npos)
        return read_email_address(text, field);
    if (text.find_first_of("0123456789") == std::string_view::npos)
        return wrong(Errc::invalid_phone_number, field,
            "must be a phone number such as +12025550100 or an e-mail address");
    return read_phone_address(text, field);
}

static ParsedAddress value_or_throw(std::expected<ParsedAddress, Problem> address)
{
    if (!address)
        throw std::move(address.error());
    return *std::move(address);
}

ParsedAddress parse_address(AddressKind kind, std::string_view text, std::string_view field)
{
    return value_or_throw(read_address(kind, text, field));
}

ParsedAddress parse_address(std::string_view text, std::string_view field)
{
    return value_or_throw(read_address(text, field));
}

}
