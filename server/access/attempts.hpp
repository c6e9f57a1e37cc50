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

/// Whose a remote address is: an IPv6 subscriber has a whole /64. What sessions and buckets go by.
Digest place_of(std::string_view remote_address);

/// Slows down the guessing of passwords (ADR 24): one place may try so often a minute; one place
/// with one e-mail address waits longer after each failure; and so do all strange places together
/// with one e-mail address. A place the account was signed in from before is not held up by the
/// last, so nobody can lock an owner out from elsewhere. In this process's memory, bounded.
/// Thread-safe.
class AttemptLimits {
public:
    /// 0: any number from one address; what one e-mail address is tried with stays limited.
    explicit AttemptLimits(int per_address_and_minute = 30)
        : per_address_and_minute_(per_address_and_minute)
    {
    }

    /// Takes one attempt of the place, whoever it is about; where there is none left, how long
    /// until there is.
    std::optional<seconds> take_place(Digest const& place, Timestamp now);
    /// Takes one attempt at an e-mail address. Counted as failed until `forgive`.
    std::optional<seconds> take(
        Digest const& place, std::string_view email_key, bool known_place, Timestamp now);
    /// The password was right: this place may be wrong about it again.
    void forgive(Digest const& place, std::string_view email_key);
    std::size_t size() const;

private:
    struct DigestHash {
        std::size_t operator()(Digest const& digest) const;
    };
    /// `free` attempts at once, then a wait that doubles with each.
    struct Growth {
        int free;
        seconds first;
        seconds longest;
    };
    struct Failures {
        int count = 0;
        Timestamp next_at; ///< no attempt before
        Timestamp last_at;
    };
    static std::optional<seconds> wait_of(Failures const& failures, Timestamp now);
    static void add(Failures& failures, Growth const& growth, Timestamp now);
    void make_room(Timestamp now);

    int const per_address_and_minute_;
    mutable std::mutex mutex_;
    /// Per place: when its bucket is full again; each attempt moves it on.
    std::unordered_map<Digest, Timestamp, DigestHash> full_at_;
    /// Per place and e-mail address, and per e-mail address for all strange places.
    std::unordered_map<Digest, Failures, DigestHash> failures_;
};

}
