#pragma once

#include "events/audience.hpp"
#include "events/log.hpp"
#include "net/revocations.hpp"
#include "net/router.hpp"

namespace hermod::events {

struct Deps {
    db::Database& db;
    Clock& clock;
    Log& log;
    Catalogue const& catalogue;
    Audience const& audience;
    net::Revocations const* revocations = nullptr; ///< none: rights never change
};

/// `GET /events`.
struct ListEvents {
    std::optional<std::string> after; ///< a cursor, `start`, or absent: from the head
    Or<Int<0, 30>, std::int64_t{0}> wait; ///< seconds to hold an empty answer
    Or<Int<1, 200>, std::int64_t{50}> limit;
    std::optional<Text<1, 256>> ticket{}; ///< instead of credentials; read by access
};
BOOST_DESCRIBE_STRUCT(ListEvents, (), (after, wait, limit, ticket))

struct EventList {
    std::vector<Event> data;
    std::string next; ///< never null: where to go on
};
BOOST_DESCRIBE_STRUCT(EventList, (), (data, next))

/// What the caller may see after the cursor; waits for the first where there is none yet.
Task<EventList> list_events(Deps& deps, Caller const& caller, ListEvents const& query);

void add_routes(net::Router& router, Deps& deps);

/// What the API's document says of the fields: descriptions.cpp.
FieldTexts field_texts(ListEvents const*);
FieldTexts field_texts(EventList const*);

}
