#pragma once

#include "base/ids.hpp"
#include "base/time.hpp"

#include "common/world.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace hermod::bench {

/// The rows that one message of the send workload leaves: the message and its event.
struct Rows {
    std::size_t conversation = 0; ///< its place in World
    std::int64_t seq = 0;
    std::int64_t rev = 0;
    std::int64_t offset = 0;
    Uuid message_id{};
    Uuid event_id{};
    std::string content;
    std::string event_data;
    Timestamp created_at;
};

/// The row of a conversation that every message changes; a batch writes it back once.
struct Head {
    std::int64_t seq = 0;
    std::int64_t rev = 0;
    std::int64_t last_offset = 0;
    std::int64_t updated_at = 0;
    bool dirty = false;
};

/// Makes the messages that Hermod would have made, with the counters in memory.
class Messages {
public:
    Messages(World const& world, std::size_t text_bytes);

    void next(Rows& rows, Timestamp now);
    std::int64_t offset() const { return offset_; }
    std::span<Head> heads() { return heads_; }
    World const& world() const { return world_; }

private:
    World const& world_;
    std::string text_;
    std::string author_id_;
    std::vector<std::string> conversation_ids_;
    std::vector<Head> heads_;
    std::uint64_t number_ = 0;
    std::int64_t offset_ = 0;
};

}
