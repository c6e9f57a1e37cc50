#include "events/routes.hpp"

namespace hermod::events {

FieldTexts field_texts(Event const*)
{
    static constexpr auto texts = describe<Event>({
        {"cursor", "Where it stands in the log: give it as `after` to go on behind it"},
        {"offset", "Its number in the workspace's log: 1, 2, 3, without gaps"},
        {"id", "The event"},
        {"type", "What happened; `GET /api/v1/event_types` has all types"},
        {"conversation_id", "The conversation it happened in"},
        {"created_at", "When it happened"},
        {"data",
            "The whole resource as its GET gives it, under its name, such as "
            "`{\"message\": …}`; `GET /api/v1/event_types` has the schema of each type"},
    });
    return texts;
}

FieldTexts field_texts(ListEvents const*)
{
    static constexpr auto texts = describe<ListEvents>({
        {"ticket", "A stream ticket instead of credentials: good once"},
        {"after",
            "A cursor: `next` of an earlier answer, or of an event; or `start`, the oldest "
            "event that is kept. Without it only what happens from now on is answered"},
        {"wait", "Seconds to hold an empty answer until something happens"},
        {"limit", "How many events there may be in an answer"},
    });
    return texts;
}

FieldTexts field_texts(EventList const*)
{
    static constexpr auto texts = describe<EventList>({
        {"data", "The events, oldest first"},
        {"next", "Give it as `after` to go on; it is never null"},
    });
    return texts;
}

}
