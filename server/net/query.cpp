#include "net/query.hpp"

#include <algorithm>

namespace hermod::net {

static bool takes(json::object const& schema, std::string_view wanted)
{
    auto const* const type = schema.if_contains("type");
    if (!type)
        return false;
    if (type->is_string())
        return type->get_string() == wanted;
    return type->is_array() && std::ranges::any_of(type->get_array(), [&](auto const& one) {
        return one.is_string() && one.get_string() == wanted;
    });
}

static json::value list_value(std::string_view text, json::object const& schema)
{
    auto const* const items = schema.if_contains("items");
    json::object const none;
    auto const& item = items && items->is_object() ? items->get_object() : none;
    json::array list;
    while (!text.empty()) {
        auto const comma = std::min(text.find(','), text.size());
        list.push_back(query_value(text.substr(0, comma), item));
        // `a,` names an empty second item, which the item's codec refuses.
        if (comma + 1 == text.size())
            list.push_back(query_value({}, item));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return list;
}

json::value query_value(std::string_view text, json::object const& schema)
{
    if (takes(schema, "integer")) {
        std::int64_t number = 0;
        auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc{} && end == text.data() + text.size() && !text.starts_with("-0"))
            return number;
    }
    if (takes(schema, "boolean") && (text == "true" || text == "false"))
        return text == "true";
    if (takes(schema, "array"))
        return list_value(text, schema);
    return json::string{text};
}

}
