#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

namespace hermod::net {

/// Lets one at a time of each key in. Thread-safe.
class Turns {
public:
    /// Held while one is in; leaves at its end. Not longer than the Turns.
    class Turn {
    public:
        Turn(Turns& turns, std::string key) : turns_(&turns), key_(std::move(key)) { }
        Turn(Turn&& other) noexcept
            : turns_(std::exchange(other.turns_, nullptr)), key_(std::move(other.key_))
        {
        }
        Turn& operator=(Turn&&) = delete;
        ~Turn()
        {
            if (turns_)
                turns_->leave(key_);
        }

    private:
        Turns* turns_;
        std::string key_;
    };

    /// Nothing where another one of the key is in.
    std::optional<Turn> enter(std::string key)
    {
        std::lock_guard const lock{mutex_};
        if (!inside_.insert(key).second)
            return std::nullopt;
        return Turn{*this, std::move(key)};
    }

private:
    void leave(std::string const& key)
    {
        std::lock_guard const lock{mutex_};
        inside_.erase(key);
    }

    std::mutex mutex_;
    std::unordered_set<std::string> inside_;
};

}
