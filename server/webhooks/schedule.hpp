#pragma once

#include "base/time.hpp"

#include <optional>

namespace hermod::webhooks {

constexpr std::int64_t max_attempts = 10;
/// After so many failures its conversation goes on without it.
constexpr std::int64_t attempts_before_parking = 5;
/// What failed for so long, and nothing succeeded, is disabled.
constexpr microseconds failing_before_disabled = std::chrono::days{5};

/// How long after the nth attempt failed the next one comes: 5 s, 5 min, 30 min, 2 h, 5 h, 10 h,
/// 14 h, 20 h, 24 h, each ±20 %; nothing after the last.
std::optional<microseconds> pause_after(std::int64_t attempts);

}
