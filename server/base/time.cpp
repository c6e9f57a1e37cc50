#include "base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace hermod {

using namespace std::chrono;

static void put_digits(char* at, int value, int width)
{
    for (int i = width - 1; i >= 0; --i, value /= 10)
        at[i] = static_cast<char>('0' + value % 10);
}

void append_rfc3339(std::string& out, Timestamp time)
{
    auto const moment = sys_time<microseconds>{microseconds{time.us}};
    auto const day = floor<days>(moment);
    year_month_day const date{day};
    hh_mm_ss const clock{floor<milliseconds>(moment) - day};

    std::array<char, 24> text{};
    auto* p = text.data();
    put_digits(p, static_cast<int>(date.year()), 4);
    p[4] = '-';
    put_digits(p + 5, static_cast<int>(static_cast<unsigned>(date.month())), 2);
    p[7] = '-';
    put_digits(p + 8, static_cast<int>(static_cast<unsigned>(date.day())), 2);
    p[10] = 'T';
    put_digits(p + 11, static_cast<int>(clock.hours().count()), 2);
    p[13] = ':';
    put_digits(p + 14, static_cast<int>(clock.minutes().count()), 2);
    p[16] = ':';
    put_digits(p + 17, static_cast<int>(clock.seconds().count()), 2);
    p[19] = '.';
    put_digits(p + 20, static_cast<int>(clock.subseconds().count()), 3);
    p[23] = 'Z';
    out.append(text.data(), text.size());
}

std::string to_rfc3339(Timestamp time)
{
    std::string out;
    append_rfc3339(out, time);
    return out;
}

/// Reads exactly `width` digits at `at`, or -1.
static int digits(std::string_view text, std::size_t at, std::size_t width)
{
    if (at + width > text.size())
        return -1;
    int value = 0;
    for (auto const c : text.substr(at, width)) {
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

/// The part after the seconds: `.123456Z`, `Z`, `+02:00`. Returns fraction and offset.
static std::optional<microseconds> fraction_and_offset(std::string_view rest)
{
    microseconds result{0};
    if (rest.starts_with('.')) {
        rest.remove_prefix(1);
        std::int64_t scale = 100'000;
        std::size_t n = 0;
        for (; n < rest.size() && rest[n] >= '0' && rest[n] <= '9'; ++n, scale /= 10)
            result += microseconds{(rest[n] - '0') * scale};
        if (n == 0 || n > 9)
            return std::nullopt;
        rest.remove_prefix(n);
    }
    if (rest == "Z" || rest == "z")
        return result;
    if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':')
        return std::nullopt;
    auto const h = digits(rest, 1, 2);
    auto const m = digits(rest, 4, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59)
        return std::nullopt;
    auto const offset = hours{h} + minutes{m};
    return rest[0] == '+' ? result - offset : result + offset;
}

std::optional<Timestamp> parse_rfc3339(std::string_view text)
{
    if (text.size() < 20 || text.size() > 40 || text[4] != '-' || text[7] != '-'
        || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    auto const y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
    auto const h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
    if (y < 0 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60)
        return std::nullopt;
    year_month_day const date{
        year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
    auto const rest = fraction_and_offset(text.substr(19));
    if (!date.ok() || !rest)
        return std::nullopt;
    auto const moment = sys_days{date} + hours{h} + minutes{mi} + seconds{s} + *rest;
    return Timestamp{duration_cast<microseconds>(moment.time_since_epoch()).count()};
}

Timestamp Clock::now() const
{
    auto const wall = duration_cast<microseconds>(system_clock::now().time_since_epoch());
    return {wall.count() + offset_us_.load(std::memory_order_relaxed)};
}

Clock::Steady Clock::steady() const
{
    return steady_clock::now() + microseconds{steady_offset_us_.load(std::memory_order_relaxed)};
}

void Clock::advance(microseconds by)
{
    offset_us_ += by.count();
    steady_offset_us_ += std::max<std::int64_t>(by.count(), 0);
    std::lock_guard const lock{mutex_};
    for (auto* listener : listeners_)
        listener->on_advance_();
}

Clock::Listener::Listener(Clock& clock, std::function<void()> on_advance)
    : clock_(clock), on_advance_(std::move(on_advance))
{
    std::lock_guard const lock{clock_.mutex_};
    clock_.listeners_.push_back(this);
}

Clock::Listener::~Listener()
{
    std::lock_guard const lock{clock_.mutex_};
    std::erase(clock_.listeners_, this);
}

}
