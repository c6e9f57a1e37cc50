#include "webhooks/circuit.hpp"

#include <algorithm>

namespace hermod::webhooks {

static constexpr int attempts_to_judge = 10;
static constexpr seconds first_pause{30}; // longer than an attempt takes: none outlives it
static constexpr seconds longest_pause{1800};

bool Circuit::allows(Timestamp now) const
{
    return !open_until_ || (*open_until_ <= now && !probing_);
}

void Circuit::began(Timestamp now)
{
    probing_ = open_until_ && *open_until_ <= now;
}

Circuit::Slot& Circuit::slot_at(Timestamp now)
{
    auto const number = now.us / slot_us;
    auto& slot =
        slots_[static_cast<std::size_t>(number % static_cast<std::int64_t>(slots_.size()))];
    if (slot.number != number)
        slot = {number};
    return slot;
}

void Circuit::open(Timestamp now)
{
    auto const doublings = std::min<std::int64_t>(opened_, 10);
    open_until_ = now + std::min(first_pause * (1 << doublings), longest_pause);
    ++opened_;
    probing_ = false;
    slots_ = {};
}

bool Circuit::ended(bool success, Timestamp now)
{
    if (open_until_) {
        // What was under way when it opened says nothing new; only the probe counts.
        if (!probing_ && !success)
            return false;
        if (!success) {
            open(now);
            return true;
        }
        *this = {};
        return true;
    }
    auto& slot = slot_at(now);
    ++(success ? slot.good : slot.bad);
    int good = 0;
    int bad = 0;
    for (auto const& one : slots_)
        if (one.number > slot.number - static_cast<std::int64_t>(slots_.size())
            && one.number <= slot.number) {
            good += one.good;
            bad += one.bad;
        }
    if (success || good + bad < attempts_to_judge || bad < good)
        return false;
    open(now);
    return true;
}

}
