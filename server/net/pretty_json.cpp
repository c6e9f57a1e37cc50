#include "net/openapi.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace hermod::net {

static constexpr std::size_t max_line = 100;

static bool is_plain(json::value const& value)
{
    return !value.is_object() && !value.is_array();
}

static void append(std::string& out, json::value const& value, std::size_t depth);

static void new_line(std::string& out, std::size_t depth)
{
    out.push_back('\n');
    out.append(2 * depth, ' ');
}

static void append_list(std::string& out, json::array const& list, std::size_t depth)
{
    if (std::ranges::all_of(list, is_plain)) {
        std::string line = "[";
        for (auto const& item : list) {
            if (line.size() > 1)
                line += ", ";
            line += json::serialize(item);
        }
        line.push_back(']');
        if (line.size() + 2 * depth < max_line) {
            out += line;
            return;
        }
    }
    out.push_back('[');
    for (auto const& item : list) {
        if (&item != list.data())
            out.push_back(',');
        new_line(out, depth + 1);
        append(out, item, depth + 1);
    }
    new_line(out, depth);
    out.push_back(']');
}

static void append(std::string& out, json::value const& value, std::size_t depth)
{
    if (value.is_array())
        return append_list(out, value.get_array(), depth);
    if (!value.is_object() || value.get_object().empty()) {
        out += json::serialize(value);
        return;
    }
    out.push_back('{');
    bool first = true;
    for (auto const& member : value.get_object()) {
        if (!first)
            out.push_back(',');
        first = false;
        new_line(out, depth + 1);
        append_json_string(out, member.key());
        out += ": ";
        append(out, member.value(), depth + 1);
    }
    new_line(out, depth);
    out.push_back('}');
}

std::string pretty_json(json::value const& value)
{
    std::string out;
    append(out, value, 0);
    out.push_back('\n');
    return out;
}

}
