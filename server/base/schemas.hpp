#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace hermod {

namespace json = boost::json;

/// The named schemas of one document. A request's optional field may be left out; an answer's is
/// always there, possibly null: hence the two directions. Describe the answers first: where a
/// request's schema differs from the answer's of the same name, it becomes `<name>Input`.
class Schemas {
public:
    enum class Direction { in, out };

    Direction direction = Direction::out;
    json::object components;

    /// Puts `schema` under `name` unless it is there and returns the name it has, for `reference`.
    /// Two different schemas of one name and direction are a bug.
    std::string define(std::string_view name, json::object schema);
    static json::object reference(std::string_view name);
};

}
