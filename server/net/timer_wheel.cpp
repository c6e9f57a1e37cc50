#include "net/timer_wheel.hpp"

#include <algorithm>

namespace hermod::net {

TimerWheel::TimerWheel(Clock::Steady now) : now_(tick_of(now))
{
    for (auto& head : slots_)
        head = {&head, &head};
}

std::int64_t TimerWheel::tick_of(Clock::Steady time)
{
    return std::chrono::floor<milliseconds>(time.time_since_epoch()) / tick;
}

void TimerWheel::Entry::unlink()
{
    if (!next)
        return;
    previous->next = next;
    next->previous = previous;
    previous = next = nullptr;
}

void TimerWheel::link(Entry& entry, std::int64_t at)
{
    entry.unlink();
    entry.slot_ = std::clamp(at, now_ + 1, now_ + slot_count - 1);
    auto& head = slots_[static_cast<std::size_t>(entry.slot_ % slot_count)];
    entry.previous = head.previous;
    entry.next = &head;
    head.previous->next = &entry;
    head.previous = &entry;
}

void TimerWheel::set(Entry& entry, Clock::Steady deadline)
{
    entry.deadline_ = deadline;
    // One tick more: a deadline amid a tick has passed only when that tick has.
    auto const at = tick_of(deadline) + 1;
    if (!entry.next || entry.slot_ > at)
        link(entry, at);
}

void TimerWheel::advance(Clock::Steady now)
{
    auto const end = tick_of(now);
    auto const steps = std::min(end - now_, slot_count);
    auto const begin = now_;
    now_ = std::max(now_, end);
    for (std::int64_t step = 1; step <= steps; ++step) {
        auto& head = slots_[static_cast<std::size_t>((begin + step) % slot_count)];
        // Taken out first: an entry that sets itself again may land in this very slot.
        Link due{&due, &due};
        if (head.next != &head) {
            due = head;
            due.next->previous = &due;
            due.previous->next = &due;
            head = {&head, &head};
        }
        while (due.next != &due) {
            auto& entry = static_cast<Entry&>(*due.next);
            entry.unlink();
            if (!entry.is_set())
                continue;
            if (entry.deadline_ > now) {
                link(entry, tick_of(entry.deadline_) + 1);
                continue;
            }
            entry.deadline_ = Clock::Steady::max();
            entry.on_deadline();
        }
    }
}

}
