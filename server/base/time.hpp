#pragma once

#include <atomic>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A moment of wall time, in whole microseconds since 1970 UTC; on the wire RFC 3339 with
/// milliseconds, in the database an integer.
struct Timestamp {
    std::int64_t us = 0;

    static Timestamp from_s(std::int64_t s) { return {s * 1'000'000}; }
    std::int64_t unix_s() const { return us / 1'000'000; }
    std::int64_t unix_ms() const { return us / 1'000; }

    auto operator<=>(Timestamp const&) const = default;
    Timestamp operator+(microseconds d) const { return {us + d.count()}; }
    Timestamp operator-(microseconds d) const { return {us - d.count()}; }
    microseconds operator-(Timestamp other) const { return microseconds{us - other.us}; }
};

/// `2026-11-20T12:24:52.123Z`.
std::string to_rfc3339(Timestamp time);
void append_rfc3339(std::string& out, Timestamp time);

/// Takes any RFC 3339 date-time with an offset; nothing else.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// The only source of time. `advance` (tests) moves wall and monotonic time forward or, for wall
/// time alone, backward, and calls every listener so that waiting timers look again. Thread-safe.
class Clock {
public:
    using Steady = std::chrono::steady_clock::time_point;

    virtual ~Clock() = default;
    virtual Timestamp now() const;
    virtual Steady steady() const;

    void advance(microseconds by);

    class Listener {
    public:
        Listener(Clock& clock, std::function<void()> on_advance);
        ~Listener();
        Listener(Listener const&) = delete;
        Listener& operator=(Listener const&) = delete;

    private:
        friend class Clock;
        Clock& clock_;
        std::function<void()> on_advance_;
    };

protected:
    std::atomic<std::int64_t> offset_us_{0}; ///< of wall time
    std::atomic<std::int64_t> steady_offset_us_{0}; ///< what it went forward in all

private:
    std::mutex mutex_;
    std::vector<Listener*> listeners_;
};

/// Stands still until a test moves it.
class FakeClock final : public Clock {
public:
    explicit FakeClock(Timestamp start = Timestamp::from_s(1'800'000'000)) : start_(start) { }
    Timestamp now() const override { return start_ + microseconds{offset_us_.load()}; }
    Steady steady() const override { return Steady{} + microseconds{steady_offset_us_.load()}; }

private:
    Timestamp start_;
};

}
