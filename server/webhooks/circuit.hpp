#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace hermod::webhooks {

/// Holds an endpoint back where most of what it gets fails: after 10 attempts within 60 s of which
/// half failed it opens for 30 s; then one attempt probes, whose failure opens it for twice as
/// long, at most 30 min, and whose success closes it. What is held back consumes no attempts.
class Circuit {
public:
    Circuit() = default;
    /// As the database remembers it.
    Circuit(std::optional<Timestamp> open_until, std::int64_t opened)
        : open_until_(open_until), opened_(opened)
    {
    }

    /// Nothing is to be tried before.
    std::optional<Timestamp> open_until() const { return open_until_; }
    /// How often it opened without a success between.
    std::int64_t opened() const { return opened_; }
    /// Whether an attempt may begin; while it is half open only one at a time.
    bool allows(Timestamp now) const;
    void began(Timestamp now);
    /// What began did not take place.
    void given_up() { probing_ = false; }
    /// True where it opened or closed by this.
    bool ended(bool success, Timestamp now);

private:
    static constexpr std::int64_t slot_us = 10'000'000;
    struct Slot {
        std::int64_t number = 0;
        int good = 0;
        int bad = 0;
    };

    void open(Timestamp now);
    Slot& slot_at(Timestamp now);

    std::optional<Timestamp> open_until_;
    std::int64_t opened_ = 0;
    bool probing_ = false;
    std::array<Slot, 6> slots_{}; ///< the last minute
};

}
