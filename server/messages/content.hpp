#pragma once

#include "base/codec.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {
class Router;
}

namespace hermod::messages {

inline constexpr std::size_t max_text = 65536; ///< code points
inline constexpr std::size_t max_content_bytes = 524288; ///< as JSON

enum class Type {
    text,
    image,
    video,
    audio,
    voice,
    file,
    sticker,
    location,
    contacts,
    template_,
    interactive,
    poll,
    system,
    unsupported,
};
BOOST_DESCRIBE_ENUM(Type, text, image, video, audio, voice, file, sticker, location, contacts,
    template_, interactive, poll, system, unsupported)

/// `content` of a text. `html` is for channels that show it (e-mail); the others send `text`.
struct TextContent {
    Text<1, max_text> text;
    std::optional<Text<1, max_text>> html;
};
BOOST_DESCRIBE_STRUCT(TextContent, (), (text, html))

/// Degrees, WGS 84, as JSON numbers.
struct LocationContent {
    double latitude = 0;
    double longitude = 0;
    std::optional<Text<1, 1000>> name;
    std::optional<Text<1, 1000>> address;
};
BOOST_DESCRIBE_STRUCT(LocationContent, (), (latitude, longitude, name, address))

struct ContactCard {
    Text<1, 200> name;
    std::optional<List<Text<1, 64>, 0, 20>> phones;
    std::optional<List<Text<1, 320>, 0, 20>> emails;
};
BOOST_DESCRIBE_STRUCT(ContactCard, (), (name, phones, emails))

struct ContactsContent {
    List<ContactCard, 1, 50> contacts;
};
BOOST_DESCRIBE_STRUCT(ContactsContent, (), (contacts))

/// What a message says, checked, in its normal form.
struct Content {
    Type type = Type::text;
    std::string json;
    std::size_t text_length = 0; ///< code points of a text
};

/// From what a caller gave: `text` alone, or `type` with `content`. Throws invalid_body naming the
/// field, or unsupported_content for a type that cannot be sent.
Content read_content(std::optional<std::string_view> text, std::optional<Type> type,
    std::optional<std::string_view> content);

/// Puts the schemas of contents into the API's document: `TextContent` and so on.
void document_content(net::Router& router);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(TextContent const*);
FieldTexts field_texts(LocationContent const*);
FieldTexts field_texts(ContactCard const*);
FieldTexts field_texts(ContactsContent const*);

}
