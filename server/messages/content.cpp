#include "messages/content.hpp"

#include "base/errors.hpp"
#include "net/router.hpp"

#include <charconv>
#include <cmath>

namespace hermod {

template <>
struct Codec<double> {
    static void write(std::string& out, double value)
    {
        char text[32];
        out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
    }
    static bool read(double& out, json::value const& value, FieldErrors& errors)
    {
        if (!value.is_number())
            return refuse(errors, "must be a number");
        out = value.to_number<double>();
        return true;
    }
    static json::object schema(Schemas&) { return {{"type", "number"}}; }
};

}

namespace hermod::messages {

static Problem wrong(std::string field, std::string message)
{
    return Problem{Errc::invalid_body, {}, {{std::move(field), std::move(message)}}};
}

/// The content as its type has it, its wrong fields named below `content`.
template <class T>
static T read_as(std::string_view content)
{
    auto result = read_json<T>(content);
    if (result)
        return *std::move(result);
    auto problem = std::move(result.error());
    for (auto& error : problem.fields)
        error.field.insert(0, error.field.empty() ? "content" : "content.");
    throw problem;
}

static Content text_content(TextContent const& text)
{
    // A left-out html is left out of what is kept, too.
    std::string json = "{\"text\":" + to_json(text.text);
    if (text.html)
        json += ",\"html\":" + to_json(*text.html);
    json.push_back('}');
    return {Type::text, std::move(json), count_code_points(text.text.value).value_or(0)};
}

static Content location_content(LocationContent const& location)
{
    if (!(std::abs(location.latitude) <= 90))
        throw wrong("content.latitude", "must be from -90 to 90");
    if (!(std::abs(location.longitude) <= 180))
        throw wrong("content.longitude", "must be from -180 to 180");
    return {Type::location, to_json(location), 0};
}

Content read_content(std::optional<std::string_view> text, std::optional<Type> type,
    std::optional<std::string_view> content)
{
    if (text && content)
        throw wrong("content", "cannot be given together with text");
    if (text && type && *type != Type::text)
        throw wrong("type", "must be text where text is given");
    if (text)
        return text_content({{std::string{*text}}, std::nullopt});
    if (!content)
        throw wrong(type && *type != Type::text ? "content" : "text", "is required");
    switch (type.value_or(Type::text)) {
    case Type::text:
        return text_content(read_as<TextContent>(*content));
    case Type::location:
        return location_content(read_as<LocationContent>(*content));
    case Type::contacts:
        return {Type::contacts, to_json(read_as<ContactsContent>(*content)), 0};
    default:
        throw Problem{
            Errc::unsupported_content, {}, {{"type", "must be text, location or contacts"}}};
    }
}

void document_content(net::Router& router)
{
    router.document("TextContent", &Codec<TextContent>::schema);
    router.document("LocationContent", &Codec<LocationContent>::schema);
    router.document("ContactsContent", &Codec<ContactsContent>::schema);
}

}
