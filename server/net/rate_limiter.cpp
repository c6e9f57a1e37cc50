#include "net/rate_limiter.hpp"

#include <algorithm>
#include <cmath>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>

namespace hermod::net {

/// So that the io threads seldom meet at one lock.
static constexpr std::size_t shard_count = 16;

namespace {

struct Bucket {
    std::string key;
    double tokens;
    Clock::Steady at; ///< the moment `tokens` is from
};

double tokens_at(Bucket const& bucket, Clock::Steady now, RateLimit const& limit)
{
    auto const passed = std::chrono::duration<double>(now - bucket.at).count();
    return std::min(limit.burst, bucket.tokens + std::max(0.0, passed) * limit.per_second);
}

int whole_seconds(double seconds)
{
    return static_cast<int>(std::clamp(std::ceil(seconds), 0.0, 1e6));
}

RateVerdict verdict_of(double tokens, bool allowed, RateLimit const& limit)
{
    return {.allowed = allowed,
        .limit = static_cast<int>(limit.burst),
        .remaining = static_cast<int>(tokens),
        .reset_s = whole_seconds((limit.burst - tokens) / limit.per_second),
        .retry_after_s = allowed ? 0 : std::max(1, whole_seconds((1 - tokens) / limit.per_second))};
}

}

struct RateLimiter::Shard {
    std::mutex mutex;
    std::size_t max_keys = 0;
    std::list<Bucket> buckets; ///< most recently used first
    std::unordered_map<std::string_view, std::list<Bucket>::iterator> by_key;
};

RateLimiter::RateLimiter(Clock& clock, std::size_t max_keys)
    : clock_(clock), shards_(std::make_unique<Shard[]>(shard_count))
{
    for (std::size_t i = 0; i < shard_count; ++i)
        shards_[i].max_keys = std::max<std::size_t>(1, max_keys / shard_count);
}

RateLimiter::~RateLimiter() = default;

RateVerdict RateLimiter::take(std::string_view key, RateLimit const& limit)
{
    auto const now = clock_.steady();
    auto& shard = shards_[std::hash<std::string_view>{}(key) % shard_count];
    std::lock_guard const lock{shard.mutex};
    auto& buckets = shard.buckets;
    auto const known = shard.by_key.find(key);
    if (known != shard.by_key.end()) {
        buckets.splice(buckets.begin(), buckets, known->second);
    } else {
        if (buckets.size() == shard.max_keys) {
            shard.by_key.erase(buckets.back().key);
            buckets.pop_back();
        }
        buckets.push_front({std::string{key}, limit.burst, now});
        shard.by_key.emplace(buckets.front().key, buckets.begin());
    }
    auto& bucket = buckets.front();
    bucket.tokens = tokens_at(bucket, now, limit);
    bucket.at = now;
    auto const allowed = bucket.tokens >= 1;
    if (allowed)
        bucket.tokens -= 1;
    return verdict_of(bucket.tokens, allowed, limit);
}

RateVerdict RateLimiter::look(std::string_view key, RateLimit const& limit)
{
    auto& shard = shards_[std::hash<std::string_view>{}(key) % shard_count];
    std::lock_guard const lock{shard.mutex};
    auto const known = shard.by_key.find(key);
    if (known == shard.by_key.end())
        return verdict_of(limit.burst, true, limit);
    auto const tokens = tokens_at(*known->second, clock_.steady(), limit);
    return verdict_of(tokens, tokens >= 1, limit);
}

}
