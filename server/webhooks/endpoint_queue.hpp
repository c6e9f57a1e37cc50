#pragma once

#include "webhooks/delivery_store.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace hermod::webhooks {

/// An open delivery in memory. `line` is its event where that is at hand already.
struct Entry {
    OpenRow row;
    std::shared_ptr<events::Line const> line{};
};

/// The open deliveries of one webhook: which goes next, in memory, without a clock or a database.
///
/// Deliveries of one conversation go one after the other in the order of the log; one that failed
/// holds its conversation until it succeeds, is given up, or is parked. Parked ones and those
/// without a conversation are free: they wait for nobody. What is refused by `add` stays in the
/// database: `rescan_from` and `left` say where it is to be looked for.
class EndpointQueue {
public:
    /// Free retries that are due later than this from now are left in the database.
    static constexpr auto horizon = std::chrono::seconds{60};
    static constexpr std::size_t most = 4096; ///< entries in memory
    static constexpr std::size_t most_of_conversation = 200;

    enum class Added { taken, known, left, full };

    Added add(Entry entry, Timestamp now);
    /// Moves what is due to where `next` finds it.
    void promote(Timestamp now);
    bool has_ready() const { return !ready_.empty() || !free_.empty(); }
    /// Now in hand.
    std::optional<Entry> next();
    /// One in hand has ended; `again`: it is to be tried again.
    void end(Entry const& entry, std::optional<Entry> again, Timestamp now);
    /// Forgets all but what is in hand.
    void drop();
    /// Forgets the events it holds: they may have been redacted.
    void forget_lines();

    /// While the database is read, what ends is not taken up again from what was read before.
    void begin_read();
    void end_read() { reading_ = false; }

    std::optional<Timestamp> next_due() const;
    /// Behind this offset there is something in the database that was not taken.
    std::optional<std::int64_t> take_rescan() { return std::exchange(rescan_from_, std::nullopt); }
    bool has_rescan() const { return rescan_from_.has_value(); }
    /// The first due time of what was left for later.
    std::optional<Timestamp> left() const { return left_; }
    void clear_left() { left_.reset(); }
    void leave(Timestamp at) { left_ = std::min(left_.value_or(at), at); }

    std::size_t size() const { return known_.size(); }
    bool has_room() const { return known_.size() < most / 2; }

private:
    struct Line {
        std::map<std::int64_t, Entry> waiting; ///< by offset
        bool in_hand = false;
        bool held = false; ///< its first is in due_
        bool offered = false; ///< is in ready_
        std::optional<std::int64_t> more_from; ///< what is there of it from here on is not taken
    };
    using Lines = std::unordered_map<ConversationId, Line>;

    static bool is_free(Entry const& entry)
    {
        return entry.row.parked || !entry.row.conversation_id;
    }
    Added place(Entry entry, Timestamp now);
    void offer(ConversationId const& conversation, Line& line);
    void release(ConversationId const& conversation);

    Lines lines_;
    std::deque<ConversationId>
        ready_; ///< lines to look at; one that is busy by then is passed over
    std::deque<Entry> free_;
    std::multimap<Timestamp, Entry> due_; ///< to come: free ones, and heads that hold their line
    std::unordered_set<std::int64_t> known_; ///< also those in hand
    std::unordered_set<std::int64_t> ended_; ///< during the read under way
    bool reading_ = false;
    bool turn_ = false; ///< lines and free ones take turns
    std::optional<std::int64_t> rescan_from_;
    std::optional<Timestamp> left_;
};

}
