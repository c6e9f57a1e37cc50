#pragma once

#include "events/events.hpp"

#include <map>
#include <string_view>

namespace hermod::events {

/// Every event type of this build, filled once in app/.
class Catalogue {
public:
    void add(TypeInfo const& type) { types_.emplace(type.name, type); }
    TypeInfo const* find(std::string_view name) const
    {
        auto const found = types_.find(name);
        return found == types_.end() ? nullptr : &found->second;
    }
    std::map<std::string_view, TypeInfo> const& types() const { return types_; }

private:
    std::map<std::string_view, TypeInfo> types_;
};

/// `api/events.json`: `{types:[{name, area, summary, schema}], components:{schemas}}`.
json::object document(Catalogue const& catalogue);

}
