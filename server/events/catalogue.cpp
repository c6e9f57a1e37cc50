#include "events/catalogue.hpp"

namespace hermod::events {

json::object document(Catalogue const& catalogue)
{
    Schemas schemas;
    json::array types;
    for (auto const& [name, type] : catalogue.types())
        types.push_back(json::object{{"name", name}, {"area", type.area}, {"summary", type.summary},
            {"schema", type.schema(schemas)}});
    Codec<Event>::schema(schemas);
    return {{"types", std::move(types)},
        {"components", json::object{{"schemas", std::move(schemas.components)}}}};
}

}
