#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace hermod::net {

/// `burst` at once, `per_second` in the long run; 0 per second is no limit.
struct RateLimit {
    double per_second = 0;
    double burst = 0;

    bool is_on() const { return per_second > 0; }
};

/// What the answer's headers say of a limit.
struct RateVerdict {
    bool allowed = true;
    int limit = 0;
    int remaining = 0;
    int reset_s = 0; ///< until the whole burst is there again
    int retry_after_s = 0; ///< where not allowed
};

/// Token buckets by key, in memory. Holds at most `max_keys`: the one unused for longest is
/// forgotten first, which gives its owner a full bucket. Thread-safe.
class RateLimiter {
public:
    RateLimiter(Clock& clock, std::size_t max_keys);
    ~RateLimiter();
    RateLimiter(RateLimiter const&) = delete;
    RateLimiter& operator=(RateLimiter const&) = delete;

    /// Takes one, if there is one.
    RateVerdict take(std::string_view key, RateLimit const& limit);
    /// Whether one is there; takes nothing and remembers no key.
    RateVerdict look(std::string_view key, RateLimit const& limit);

private:
    struct Shard;
    Clock& clock_;
    std::unique_ptr<Shard[]> shards_;
};

}
