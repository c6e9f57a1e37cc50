#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>

namespace hermod::net {

/// The deadlines of one io thread's connections, to half a second. Moving a deadline further away
/// costs one store, as the entry stays where it is until its slot comes round. Not thread-safe.
class TimerWheel {
    struct Link {
        Link* previous = nullptr;
        Link* next = nullptr;
    };

public:
    static constexpr milliseconds tick{500};

    /// What has a deadline; must be alive while it is in a wheel, and leaves it when destroyed.
    class Entry : private Link {
    public:
        Entry() = default;
        Entry(Entry const&) = delete;
        Entry& operator=(Entry const&) = delete;
        bool is_set() const { return deadline_ != Clock::Steady::max(); }

    protected:
        ~Entry() { unlink(); }
        /// Called by `advance` once the deadline has passed. May set this entry again; must not
        /// destroy any entry.
        virtual void on_deadline() = 0;

    private:
        friend class TimerWheel;
        void unlink();
        Clock::Steady deadline_ = Clock::Steady::max();
        std::int64_t slot_ = 0; ///< the tick at which it is looked at, while linked
    };

    explicit TimerWheel(Clock::Steady now);
    TimerWheel(TimerWheel const&) = delete;
    TimerWheel& operator=(TimerWheel const&) = delete;

    void set(Entry& entry, Clock::Steady deadline);
    static void clear(Entry& entry) { entry.deadline_ = Clock::Steady::max(); }
    void advance(Clock::Steady now);

private:
    static constexpr std::int64_t slot_count = 256;

    static std::int64_t tick_of(Clock::Steady time);
    void link(Entry& entry, std::int64_t at);

    std::array<Link, slot_count> slots_; ///< each the head of a ring
    std::int64_t now_; ///< the last tick that was looked at
};

}
