#pragma once

#include "base/reflect.hpp"
#include "db/tx.hpp"
#include "events/events.hpp"

#include <optional>
#include <string>
#include <vector>

namespace hermod::events {

/// One stored event.
struct Line {
    std::int64_t log_offset = 0;
    EventId id;
    std::string type;
    std::optional<ConversationId> conversation_id;
    std::optional<PersonId> person_id;
    std::optional<Reach> reach; ///< none: everybody
    std::string data;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(
    Line, (), (log_offset, id, type, conversation_id, person_id, reach, data, created_at))

/// The newest offset, and the one up to which nothing is kept.
struct Extent {
    std::int64_t head = 0;
    std::int64_t floor = 0;
};

std::optional<Extent> find_extent(db::Tx const& tx);
std::vector<Line> list_after(db::Tx const& tx, std::int64_t offset, std::int64_t limit);

}
