#pragma once

#include "base/crypto.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hermod::access {

/// Which refresh token of a session's family this is.
struct RefreshToken {
    SessionId session;
    std::uint32_t generation = 0;
};

/// Makes and checks refresh tokens: session and generation, sealed by an HMAC. So an old one is
/// known for what it is without keeping all of them, a made-up one ends nobody's session, and a
/// client that lost an answer can be given the same token again (ADR 23). Thread-safe.
class RefreshTokens {
public:
    /// The keyring outlives it.
    explicit RefreshTokens(Keyring const& keyring) : keyring_(keyring) { }

    std::string make(RefreshToken const& token) const;
    /// Nothing where we did not make the text.
    std::optional<RefreshToken> read(std::string_view text) const;

private:
    Keyring const& keyring_;
};

}
