#include "access/credential_cache.hpp"

#include <algorithm>
#include <cstring>

namespace hermod::access {

static constexpr std::size_t max_good = 4096; // per shard
static constexpr std::size_t max_refused = 512;
static constexpr std::size_t max_changes = 4096;
static constexpr seconds refused_for{60};
static constexpr microseconds between_uses = seconds{60};
static constexpr microseconds trusted_for = seconds{5};

Caller const* Credential::in(WorkspaceId const& workspace) const
{
    auto const found = std::ranges::find(in_workspaces, workspace, &Caller::workspace);
    return found == in_workspaces.end() ? nullptr : &*found;
}

bool is_of(Caller const& caller, Uuid const& subject)
{
    return caller.key.bytes() == subject || caller.session.bytes() == subject
        || caller.login.bytes() == subject
        || (caller.kind == Caller::Kind::person && caller.person.bytes() == subject);
}

bool Credential::is_of(Uuid const& subject) const
{
    return access::is_of(caller, subject);
}

std::size_t CredentialCache::DigestHash::operator()(Digest const& digest) const
{
    std::size_t value = 0;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
}

static std::int64_t as_us(Clock::Steady time)
{
    return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}

CredentialCache::Found CredentialCache::find(
    Digest const& secret, Timestamp now, Clock::Steady steady)
{
    auto& shard = shard_of(secret);
    std::lock_guard const lock{shard.mutex};
    auto const good = shard.good.find(secret);
    if (good == shard.good.end()) {
        auto const refused = shard.refused_until.find(secret);
        return {nullptr, refused != shard.refused_until.end() && now < refused->second};
    }
    if (good->second->expires_at <= now) {
        shard.good.erase(good);
        return {};
    }
    auto const looked_at = looked_at_us_.load(std::memory_order_relaxed);
    if (looked_at != 0 && as_us(steady) - looked_at > trusted_for.count())
        return {};
    return {good->second, false};
}

void CredentialCache::put(
    Digest const& secret, std::shared_ptr<Credential const> credential, std::uint64_t generation)
{
    auto& shard = shard_of(secret);
    std::lock_guard const lock{shard.mutex};
    if (generation_.load() != generation)
        return;
    if (shard.good.size() >= max_good)
        shard.good.erase(shard.good.begin());
    shard.good[secret] = std::move(credential);
}

void CredentialCache::put_refused(Digest const& secret, Timestamp now)
{
    auto& shard = shard_of(secret);
    std::lock_guard const lock{shard.mutex};
    if (shard.refused_until.size() >= max_refused)
        shard.refused_until.clear();
    shard.refused_until[secret] = now + refused_for;
}

void CredentialCache::drop(Uuid const& subject)
{
    // First the generation: a put that comes after it keeps nothing, one before it is found below.
    ++generation_;
    for (auto& shard : shards_) {
        std::lock_guard const lock{shard.mutex};
        std::erase_if(shard.good, [&](auto const& entry) { return entry.second->is_of(subject); });
    }
    // And again for those who hold a Caller: rights read from here on are read without it.
    remember_change(subject);
}

void CredentialCache::remember_change(Uuid const& subject)
{
    std::lock_guard const lock{changes_mutex_};
    changes_.push_back({++generation_, subject});
    if (changes_.size() > max_changes) {
        changes_known_since_ = changes_.front().generation;
        changes_.pop_front();
    }
}

bool CredentialCache::has_changed(Caller const& caller) const
{
    if (caller.rights_as_of == generation_.load())
        return false;
    std::lock_guard const lock{changes_mutex_};
    if (caller.rights_as_of < changes_known_since_)
        return true;
    return std::ranges::any_of(changes_, [&](Change const& change) {
        return change.generation > caller.rights_as_of && is_of(caller, change.subject);
    });
}

void CredentialCache::clear()
{
    ++generation_;
    for (auto& shard : shards_) {
        std::lock_guard const lock{shard.mutex};
        shard.good.clear();
    }
    std::lock_guard const lock{changes_mutex_};
    changes_.clear();
    changes_known_since_ = ++generation_;
}

void CredentialCache::looked(Clock::Steady now)
{
    // Zero means never; a clock that stands at zero is a test's.
    looked_at_us_ = std::max<std::int64_t>(as_us(now), 1);
}

std::vector<CredentialCache::Use> CredentialCache::unwritten_uses() const
{
    std::vector<Use> uses;
    for (auto const& shard : shards_) {
        std::lock_guard const lock{shard.mutex};
        for (auto const& [secret, credential] : shard.good) {
            auto const used_at = credential->used_at_us.load();
            if (credential->caller.key.is_nil()
                || used_at < credential->use_written_us.load() + between_uses.count())
                continue;
            uses.push_back({credential->caller.workspace, credential->caller.key,
                Timestamp{used_at}, credential});
        }
    }
    return uses;
}

std::size_t CredentialCache::size() const
{
    std::size_t count = 0;
    for (auto const& shard : shards_) {
        std::lock_guard const lock{shard.mutex};
        count += shard.good.size();
    }
    return count;
}

}
