#include "access/attempts.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace hermod::access {

static constexpr std::size_t max_buckets = 100'000;

/// One subscriber of an IPv6 network has a whole /64.
static std::string subscriber(std::string_view remote_address)
{
    std::string address{remote_address};
    std::array<char, 16> bytes{};
    if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
        return address;
    return {bytes.data(), 8};
}

static Digest key_of(std::string_view remote_address, std::string_view email_key)
{
    auto text = subscriber(remote_address);
    text.push_back('\n');
    text += email_key;
    return sha256(text);
}

std::size_t AttemptLimits::DigestHash::operator()(Digest const& digest) const
{
    std::size_t value = 0;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
}

std::optional<seconds> AttemptLimits::take_from(Digest const& key, Rate rate, Timestamp now)
{
    auto const [place, inserted] = full_at_.try_emplace(key, now);
    auto& full_at = place->second;
    full_at = std::max(full_at, now);
    auto const next = full_at + rate.refill;
    auto const debt = next - now;
    auto const most = rate.refill * rate.burst;
    if (debt > most)
        return std::chrono::ceil<seconds>(debt - most);
    full_at = next;
    return std::nullopt;
}

std::optional<seconds> AttemptLimits::take(
    std::string_view remote_address, std::string_view email_key, Timestamp now)
{
    static constexpr Rate per_address_and_email{8, seconds{30}};
    std::lock_guard const lock{mutex_};
    if (full_at_.size() >= max_buckets)
        make_room(now);
    if (per_address_and_minute_ > 0) {
        Rate const per_address{
            per_address_and_minute_, microseconds{60'000'000} / per_address_and_minute_};
        if (auto const wait = take_from(key_of(remote_address, {}), per_address, now))
            return wait;
    }
    return take_from(key_of(remote_address, email_key), per_address_and_email, now);
}

void AttemptLimits::forgive(std::string_view remote_address, std::string_view email_key)
{
    std::lock_guard const lock{mutex_};
    full_at_.erase(key_of(remote_address, email_key));
}

std::size_t AttemptLimits::size() const
{
    std::lock_guard const lock{mutex_};
    return full_at_.size();
}

void AttemptLimits::make_room(Timestamp now)
{
    std::erase_if(full_at_, [&](auto const& bucket) { return bucket.second <= now; });
    // Still full: an attack from very many addresses. Forgetting is better than refusing everybody.
    if (full_at_.size() >= max_buckets)
        full_at_.clear();
}

}
