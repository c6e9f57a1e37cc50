#pragma once

#include "base/codec.hpp"
#include "net/request.hpp"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {

/// One query parameter, for the OpenAPI document.
struct QueryField {
    std::string name;
    bool required;
    json::object (*schema)(Schemas&);
    std::string_view text{}; ///< what the document says of it
};

template <class Query>
std::vector<QueryField> query_fields_of()
{
    std::vector<QueryField> fields;
    for_each_field<Query>([&]<class V>(std::string_view name, auto, std::type_identity<V>) {
        fields.push_back({std::string{name}, !may_be_left_out<V>, &Codec<V>::schema,
            text_of(texts_of<Query>(), name)});
    });
    return fields;
}

/// The text as the JSON value a field of this schema expects: a number or a boolean where it is
/// one, else a string.
json::value query_value(std::string_view text, json::object const& schema);

/// A described struct from `?a=1&b=x`. Unknown and repeated names are refused with their name.
template <class Query>
std::expected<Query, Problem> read_query(Pairs const& pairs)
{
    Query query{};
    FieldErrors errors;
    std::vector<std::string_view> seen;
    for_each_field<Query>([&]<class V>(std::string_view name, auto pointer, std::type_identity<V>) {
        FieldErrors::Scope const scope{errors, name};
        bool found = false;
        for (auto const& [key, text] : pairs) {
            if (key != name)
                continue;
            if (found)
                errors.add("is given twice");
            found = true;
            Schemas schemas;
            schemas.direction = Schemas::Direction::in;
            Codec<V>::read(query.*pointer, query_value(text, Codec<V>::schema(schemas)), errors);
        }
        if (!found && !may_be_left_out<V>)
            errors.add("is required");
        seen.push_back(name);
    });
    for (auto const& [key, text] : pairs) {
        if (std::ranges::find(seen, key) == seen.end()) {
            FieldErrors::Scope const scope{errors, key};
            errors.add("is not a known parameter");
        }
    }
    if (!errors.empty())
        return std::unexpected(Problem{Errc::invalid_query, {}, errors.take()});
    return query;
}

}
