#include "base/codec.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <new>

namespace hermod {

/// One answer names at most this many wrong fields: a hostile body must not buy a huge reply.
static constexpr std::size_t max_errors = 20;

void FieldErrors::add(std::string message)
{
    if (errors_.size() == max_errors)
        return;
    auto length = std::min<std::size_t>(path_.size(), 200);
    while (length < path_.size() && (path_[length] & 0xC0) == 0x80)
        --length; // never half a character: the answer is UTF-8
    errors_.push_back({path_.substr(0, length), std::move(message)});
}

FieldErrors::Scope::Scope(FieldErrors& errors, std::string_view name)
    : errors_(errors), length_(errors.path_.size())
{
    if (!errors.path_.empty())
        errors.path_ += '.';
    errors.path_ += name;
}

FieldErrors::Scope::Scope(FieldErrors& errors, std::size_t index)
    : errors_(errors), length_(errors.path_.size())
{
    errors.path_ += '[';
    append_integer(errors.path_, static_cast<std::int64_t>(index));
    errors.path_ += ']';
}

std::string Schemas::define(std::string_view name, json::object schema)
{
    auto const [place, inserted] = components.emplace(name, schema);
    if (inserted || place->value() == json::value(schema))
        return std::string{name};
    HERMOD_CHECK(direction == Direction::in);
    auto const input = std::string{name} + "Input";
    auto const [other, new_input] = components.emplace(input, schema);
    HERMOD_CHECK(new_input || other->value() == json::value(std::move(schema)));
    return input;
}

std::string_view text_of(FieldTexts texts, std::string_view field)
{
    auto const found = std::ranges::find(texts, field, &FieldText::field);
    return found == texts.end() ? std::string_view{} : found->text;
}

json::object Schemas::define_object(
    std::string_view name, json::object properties, json::array required, FieldTexts texts)
{
    for (auto const& [field, text] : texts)
        properties[field].as_object()["description"] = text;
    json::object schema{
        {"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!required.empty())
        schema["required"] = std::move(required);
    return reference(define(name, std::move(schema)));
}

json::object Schemas::reference(std::string_view name)
{
    return {{"$ref", "#/components/schemas/" + std::string{name}}};
}

json::object nullable(json::object schema)
{
    auto* const type = schema.if_contains("type");
    if (!type || !type->is_string())
        return schema.empty()
            ? schema
            : json::object{
                  {"anyOf", json::array{std::move(schema), json::object{{"type", "null"}}}}};
    *type = json::array{*type, "null"};
    if (auto* const values = schema.if_contains("enum"))
        values->get_array().emplace_back(nullptr);
    return schema;
}

void append_json_string(std::string& out, std::string_view text)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    out.push_back('"');
    std::size_t clean = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        out.append(text, clean, i - clean);
        clean = i + 1;
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out.push_back(digits[c >> 4]);
            out.push_back(digits[c & 15]);
        }
    }
    out.append(text, clean);
    out.push_back('"');
}

std::string json_to_text(json::value const& value)
{
    return json::serialize(value);
}

struct JsonArena::Resource {
    explicit Resource(unsigned char* buffer, std::size_t size) : memory(buffer, size) { }
    json::monotonic_resource memory;
};

JsonArena::JsonArena()
{
    static_assert(sizeof(Resource) <= sizeof resource_);
    new (resource_) Resource{buffer_, sizeof buffer_};
}

JsonArena::~JsonArena()
{
    std::launder(reinterpret_cast<Resource*>(resource_))->~Resource();
}

std::expected<json::value, Problem> JsonArena::parse(std::string_view text)
{
    auto* const resource = std::launder(reinterpret_cast<Resource*>(resource_));
    json::parse_options options;
    options.max_depth = 32;
    json::error_code error;
    auto value = json::parse(text, error, json::storage_ptr{&resource->memory}, options);
    if (error)
        return std::unexpected(Problem{Errc::malformed_json, error.message()});
    return value;
}

bool read_integer(std::int64_t& out, json::value const& value, std::int64_t min, std::int64_t max,
    FieldErrors& errors)
{
    json::error_code error;
    auto const number = value.is_number() ? value.to_number<std::int64_t>(error) : 0;
    if (!value.is_number() || value.is_double() || error)
        return refuse(errors, "must be a whole number");
    if (number < min || number > max)
        return refuse(errors, "must be from " + std::to_string(min) + " to " + std::to_string(max));
    out = number;
    return true;
}

bool read_text(std::string& out, json::value const& value, std::size_t min, std::size_t max,
    FieldErrors& errors)
{
    if (!value.is_string())
        return refuse(errors, "must be a string");
    auto const& text = value.get_string();
    auto const length = count_code_points(text);
    if (!length)
        return refuse(errors, "must not hold a NUL character");
    if (*length < min)
        return refuse(errors,
            min == 1 ? "must not be empty"
                     : "must have at least " + std::to_string(min) + " characters");
    if (*length > max)
        return refuse(errors, "must have at most " + std::to_string(max) + " characters");
    out.assign(text.data(), text.size());
    return true;
}

bool Codec<Timestamp>::read(Timestamp& out, json::value const& value, FieldErrors& errors)
{
    auto const time = value.is_string() ? parse_rfc3339(value.get_string()) : std::nullopt;
    if (!time)
        return refuse(errors, "must be an RFC 3339 time such as 2026-01-31T12:00:00Z");
    out = *time;
    return true;
}

}
