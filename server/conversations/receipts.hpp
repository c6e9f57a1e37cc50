#pragma once

#include "base/task.hpp"
#include "conversations/conversations.hpp"

#include <mutex>
#include <unordered_map>

namespace hermod::conversations {

/// Keeps the writes of one person's cursors in one conversation to one a second: the first goes at
/// once, what follows waits for its second and goes together. Thread-safe.
class Receipts {
public:
    explicit Receipts(Clock& clock) : clock_(clock) { }

    struct Target {
        std::int64_t recv_seq = 0;
        std::int64_t read_seq = 0;
    };
    /// Returns when the cursors may be written, with the furthest of all that wait: the first of
    /// them writes it, the others find it written.
    Task<Target> admit(
        WorkspaceId workspace, ConversationId conversation, PersonId person, Target target);

private:
    struct Key {
        WorkspaceId workspace;
        ConversationId conversation;
        PersonId person;
        bool operator==(Key const&) const = default;
    };
    struct Hash {
        std::size_t operator()(Key const& key) const
        {
            return UuidHash{}(key.conversation.bytes()) * 31 + UuidHash{}(key.person.bytes());
        }
    };
    struct Slot {
        Clock::Steady last{}; ///< when a second began; monotonic: wall time may jump
        Target target;
        int waiting = 0;
    };
    /// Takes the second that begins now, where none is under way.
    bool take(Slot& slot);
    void drop_idle();

    Clock& clock_;
    std::mutex mutex_;
    std::unordered_map<Key, Slot, Hash> slots_;
    std::size_t sweep_at_ = 1024;
};

}
