#pragma once

#include "base/crypto.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "net/caller.hpp"

#include <array>
#include <atomic>
#include <cstddef>
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
    mutable std::atomic<std::int64_t> used_at_us = 0;
    mutable std::atomic<std::int64_t> use_written_us = 0;

    Caller const* in(WorkspaceId const& workspace) const;
    /// Whether the rights of a key, session or login are this one's.
    bool is_of(Uuid const& subject) const;
};

/// Verified secrets by their SHA-256, until they expire or lose their rights, so that a known one
/// costs no database. Bounded; sharded, as every request asks. Thread-safe.
class CredentialCache {
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

    /// Forgets everything of a key, a session or a login.
    void drop(Uuid const& subject);
    void clear();

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

    Shard& shard_of(Digest const& secret) { return shards_[secret[16] % shards_.size()]; }

    std::array<Shard, 16> shards_;
    std::atomic<std::uint64_t> generation_ = 0;
    std::atomic<std::int64_t> looked_at_us_ = 0;
};

}
