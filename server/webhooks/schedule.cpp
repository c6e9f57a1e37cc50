#include "webhooks/schedule.hpp"

#include "base/crypto.hpp"

#include <array>

namespace hermod::webhooks {

std::optional<microseconds> pause_after(std::int64_t attempts)
{
    using namespace std::chrono_literals;
    static constexpr std::array<seconds, max_attempts - 1> pauses{
        5s, 300s, 1800s, 7200s, 18'000s, 36'000s, 50'400s, 72'000s, 86'400s};
    if (attempts < 1 || attempts >= max_attempts)
        return std::nullopt;
    std::uint8_t random = 0;
    fill_random({&random, 1});
    return microseconds{pauses[static_cast<std::size_t>(attempts - 1)]} * (800 + random * 400 / 255)
        / 1000;
}

}
