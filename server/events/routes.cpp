#include "events/routes.hpp"

namespace hermod::events {

/// One documented event type.
struct DocumentedEvent {
    std::string name;
    std::string area;
    std::string summary;
    JsonText schema;
};
BOOST_DESCRIBE_STRUCT(DocumentedEvent, (), (name, area, summary, schema))

static FieldTexts field_texts(DocumentedEvent const*)
{
    static constexpr auto texts = describe<DocumentedEvent>({
        {"name", "The `type` its events have"},
        {"area", "An API key sees them with the scope `<area>:read`"},
        {"summary", "When it happens"},
        {"schema", "The JSON Schema of `data`; what it refers to is in `components`"},
    });
    return texts;
}

struct DocumentedEventList {
    std::vector<DocumentedEvent> data;
    JsonText components;
};
BOOST_DESCRIBE_STRUCT(DocumentedEventList, (), (data, components))

static FieldTexts field_texts(DocumentedEventList const*)
{
    static constexpr auto texts = describe<DocumentedEventList>({
        {"data", "Every type of event"},
        {"components", "The schemas that they refer to, by name"},
    });
    return texts;
}

static Task<net::Reply> get_events(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await list_events(deps, caller, request.query_as<ListEvents>()));
}

static Task<net::Reply> get_event_types(Deps& deps, Caller const&, net::Request const&)
{
    DocumentedEventList list;
    Schemas schemas;
    for (auto const& [name, type] : deps.catalogue.types())
        list.data.push_back({std::string{name}, std::string{type.area}, std::string{type.summary},
            {json_to_text(type.schema(schemas))}});
    list.components.text = json_to_text(schemas.components);
    co_return net::ok(list);
}

void add_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes routes{router, deps, "events"};
    routes.get<EventList>("/api/v1/events", get_events)
        .query<ListEvents>()
        .scope("events:read")
        .for_people()
        .takes_ticket()
        .summary("Read the log after a cursor, waiting for the next event")
        .fails_with({Errc::invalid_cursor, Errc::cursor_expired});
    routes.get<DocumentedEventList>("/api/v1/event_types", get_event_types)
        .for_people()
        .summary("List the event types with their schemas");
}

}
