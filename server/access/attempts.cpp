#include "access/attempts.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace hermod::access {

static constexpr std::size_t max_buckets = 100'000;
/// So long without an attempt, and the failures are forgotten.
static constexpr microseconds forgotten_after = std::chrono::hours{24};

Digest place_of(std::string_view remote_address)
{
    std::string const address{remote_address};
    std::array<char, 16> bytes{};
    if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
        return sha256(address);
    return sha256({bytes.data(), 8});
}

static Digest pair_of(Digest const& place, std::string_view email_key)
{
    return sha256(std::string{as_text(place)}.append(email_key));
}

static Digest account_of(std::string_view email_key)
{
    return sha256(std::string{"account\n"}.append(email_key));
}

std::size_t AttemptLimits::DigestHash::operator()(Digest const& digest) const
{
    std::size_t value = 0;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
}

std::optional<seconds> AttemptLimits::take_place(Digest const& place, Timestamp now)
{
    if (per_address_and_minute_ <= 0)
        return std::nullopt;
    auto const refill = microseconds{60'000'000} / per_address_and_minute_;
    std::lock_guard const lock{mutex_};
    make_room(now);
    auto& full_at = full_at_.try_emplace(place, now).first->second;
    auto const next = std::max(full_at, now) + refill;
    auto const most = refill * per_address_and_minute_;
    if (next - now > most)
        return std::chrono::ceil<seconds>(next - now - most);
    full_at = next;
    return std::nullopt;
}

std::optional<seconds> AttemptLimits::wait_of(Failures const& failures, Timestamp now)
{
    if (failures.next_at <= now)
        return std::nullopt;
    return std::chrono::ceil<seconds>(failures.next_at - now);
}

void AttemptLimits::add(Failures& failures, Growth const& growth, Timestamp now)
{
    if (now - failures.last_at > forgotten_after)
        failures.count = 0;
    failures.last_at = now;
    ++failures.count;
    if (failures.count < growth.free)
        return;
    auto const doublings = std::min(failures.count - growth.free, 20);
    failures.next_at =
        now + std::min<microseconds>(growth.first * (1 << doublings), growth.longest);
}

std::optional<seconds> AttemptLimits::take(
    Digest const& place, std::string_view email_key, bool known_place, Timestamp now)
{
    static constexpr Growth of_pair{8, seconds{30}, seconds{15 * 60}};
    static constexpr Growth of_strangers{100, seconds{1}, seconds{60}};
    std::lock_guard const lock{mutex_};
    make_room(now);
    auto& pair = failures_[pair_of(place, email_key)];
    if (auto const wait = wait_of(pair, now))
        return wait;
    if (!known_place) {
        auto& strangers = failures_[account_of(email_key)];
        if (auto const wait = wait_of(strangers, now))
            return wait;
        add(strangers, of_strangers, now);
    }
    add(failures_[pair_of(place, email_key)], of_pair, now);
    return std::nullopt;
}

void AttemptLimits::forgive(Digest const& place, std::string_view email_key)
{
    std::lock_guard const lock{mutex_};
    failures_.erase(pair_of(place, email_key));
    auto const strangers = failures_.find(account_of(email_key));
    // Whoever knows the password has not been guessing; what others did stays counted.
    if (strangers != failures_.end() && strangers->second.count > 0)
        --strangers->second.count;
}

std::size_t AttemptLimits::size() const
{
    std::lock_guard const lock{mutex_};
    return full_at_.size() + failures_.size();
}

void AttemptLimits::make_room(Timestamp now)
{
    if (full_at_.size() >= max_buckets) {
        std::erase_if(full_at_, [&](auto const& bucket) { return bucket.second <= now; });
        // Still full: an attack from very many addresses. Forgetting is better than refusing all.
        if (full_at_.size() >= max_buckets)
            full_at_.clear();
    }
    if (failures_.size() >= max_buckets) {
        // Those who must wait stay; they are few, as each cost its place many attempts.
        std::erase_if(failures_, [&](auto const& entry) { return entry.second.next_at <= now; });
        if (failures_.size() >= max_buckets)
            failures_.clear();
    }
}

}
