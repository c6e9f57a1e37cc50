#pragma once

#include "base/crypto.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "net/revocations.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace hermod::access {

/// What a verified secret stands for.
struct Credential {
    /// The same for every workspace: what a route that needs none is given.
    Caller caller;
    /// One of a key, one per workspace of a login.
    std::vector<Caller> in_workspaces;
    Timestamp expires_at;
    std::vector<std::string> origins; ///< of a publishable key: the pages that may use it
    mutable std::atomic<std::int64_t> used_at_us = 0;
    mutable std::atomic<std::int64_t> use_written_us = 0;

    Caller const* in(WorkspaceId const& workspace) const;
    /// Whether the rights of a key, session, login or person are this one's.
    bool is_of(Uuid const& subject) const;
};

/// As Credential::is_of, for a caller.
bool is_of(Caller const& caller, Uuid const& subject);

/// Verified secrets by their SHA-256, until they expire or lose their rights, so that a known one
/// costs no database. Bounded; sharded, as every request asks. Thread-safe.
class CredentialCache final : public net::Revocations {
public:
    struct Found {
        std::shared_ptr<Credential const> credential; ///< none: unknown, or refused
        bool refused = false; ///< known to be no secret of ours
    };

    Found find(Digest const& secret, Timestamp now, Clock::Steady steady);
    /// Taken before a secret is looked up in the database, and given to put.
    std::uint64_t generation() const { return generation_.load(); }
    /// Keeps nothing where anyone lost rights since `generation`: it may be what was looked up.
    void put(Digest const& secret, std::shared_ptr<Credential const> credential,
        std::uint64_t generation);
    void put_refused(Digest const& secret, Timestamp now);

    /// Forgets everything of a key, a session, a login or a person.
    void drop(Uuid const& subject);
    void clear();

    bool has_changed(Caller const& caller) const override;

    /// From the first call on, what is kept is trusted only within 5 s of the last call.
    void looked(Clock::Steady now);

    struct Use {
        WorkspaceId workspace;
        KeyId key;
        Timestamp at;
        std::shared_ptr<Credential const> of;
    };
    /// Keys used since the last written use of each, at most one per key and minute. Each comes
    /// again until it is `written`.
    std::vector<Use> unwritten_uses() const;
    static void written(Use const& use) { use.of->use_written_us = use.at.us; }
    std::size_t size() const;

private:
    struct DigestHash {
        std::size_t operator()(Digest const& digest) const;
    };
    struct alignas(64) Shard {
        mutable std::mutex mutex;
        std::unordered_map<Digest, std::shared_ptr<Credential const>, DigestHash> good;
        std::unordered_map<Digest, Timestamp, DigestHash> refused_until;
    };

    /// A drop, by the generation from which on it is seen.
    struct Change {
        std::uint64_t generation;
        Uuid subject;
    };

    void remember_change(Uuid const& subject);
    Shard& shard_of(Digest const& secret) { return shards_[secret[16] % shards_.size()]; }

    std::array<Shard, 16> shards_;
    std::atomic<std::uint64_t> generation_ = 0;
    mutable std::mutex changes_mutex_;
    std::deque<Change> changes_; ///< the newest ones
    std::uint64_t changes_known_since_ = 0; ///< what was dropped before is known no more
    std::atomic<std::int64_t> looked_at_us_ = 0;
};

}
