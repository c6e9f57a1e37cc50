#pragma once

#include "base/crypto.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace hermod::access {

/// Slows down the guessing of passwords: per remote address, and per remote address and e-mail.
/// Never per e-mail alone, so that nobody can lock an owner out from elsewhere. In this process's
/// memory, bounded. Thread-safe.
class AttemptLimits {
public:
    /// 0: any number from one address; what one e-mail address is tried with stays limited.
    explicit AttemptLimits(int per_address_and_minute = 30)
        : per_address_and_minute_(per_address_and_minute)
    {
    }

    /// Takes one attempt; where there is none left, how long until there is.
    std::optional<seconds> take(
        std::string_view remote_address, std::string_view email_key, Timestamp now);
    /// The password was right: this address may be wrong about it again.
    void forgive(std::string_view remote_address, std::string_view email_key);
    std::size_t size() const;

private:
    struct DigestHash {
        std::size_t operator()(Digest const& digest) const;
    };
    struct Rate {
        int burst;
        microseconds refill; ///< one attempt
    };
    std::optional<seconds> take_from(Digest const& key, Rate rate, Timestamp now);
    void make_room(Timestamp now);

    int const per_address_and_minute_;
    mutable std::mutex mutex_;
    /// When the bucket is full again; each attempt moves it one refill on.
    std::unordered_map<Digest, Timestamp, DigestHash> full_at_;
};

}
