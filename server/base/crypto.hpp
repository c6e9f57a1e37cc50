#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hermod {

using Bytes = std::span<std::uint8_t const>;
using Digest = std::array<std::uint8_t, 32>;

/// From the system's generator; aborts if that fails, as nothing can be kept secret then.
void fill_random(std::span<std::uint8_t> out);
std::string random_token(std::size_t bytes); ///< base64url without padding

Digest sha256(std::string_view data);
Digest hmac_sha256(std::string_view key, std::string_view data);
std::string to_hex(Bytes bytes);
std::string to_base64(std::string_view data);
std::string to_base64url(std::string_view data);
std::optional<std::string> from_base64(std::string_view text);
std::optional<std::string> from_base64url(std::string_view text);

/// Time does not depend on where the two differ.
bool equal_constant_time(std::string_view a, std::string_view b);

inline std::string_view as_text(Bytes bytes)
{
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

/// Argon2id with libsodium's interactive cost (64 MiB, ~60 ms): call on the password thread only.
std::string hash_password(std::string_view password);
bool verify_password(std::string_view hash, std::string_view password);

/// AES-256-GCM under one of several 32-byte master keys. A sealed text is
/// `v1.<key id>.<base64url(nonce ‖ ciphertext ‖ tag)>`, so that keys can rotate: seal uses the
/// newest, open the one named. `context` (for example table, row id) is authenticated with it, so
/// that a sealed value cannot be moved to another row.
class Keyring {
public:
    using Key = std::array<std::uint8_t, 32>;

    /// Lines `<id>:<64 hex>`; the first is the newest. Throws std::invalid_argument.
    static Keyring parse(std::string_view text);
    static std::string generate_line(std::string_view id);

    std::string seal(std::string_view plain, std::string_view context) const;
    /// Nothing when the text is damaged, was sealed for another context or under an unknown key.
    std::optional<std::string> open(std::string_view sealed, std::string_view context) const;
    bool has(std::string_view key_id) const { return keys_.contains(key_id); }
    /// A key of its own for one purpose (HKDF-SHA256, RFC 5869), from the newest or a named key,
    /// which the ring must have.
    Key derive(std::string_view purpose, std::string_view key_id = {}) const;
    std::string const& newest() const { return newest_; }

private:
    std::string newest_;
    std::map<std::string, Key, std::less<>> keys_;
};

/// Ed25519 (RFC 8032) from a 32-byte seed.
class SigningKey {
public:
    explicit SigningKey(Keyring::Key const& seed);
    std::string sign(std::string_view data) const;
    bool verify(std::string_view data, std::string_view signature) const;

private:
    std::array<std::uint8_t, 32> public_;
    std::array<std::uint8_t, 64> secret_;
};

}
