#include "access/refresh_tokens.hpp"

#include <algorithm>

namespace hermod::access {

static constexpr std::string_view prefix = "hrt_";
static constexpr std::string_view purpose = "refresh-token";
static constexpr std::size_t id_size = 16;
static constexpr std::size_t body_size = id_size + 4;
static constexpr std::size_t mac_size = 32;
static constexpr std::size_t max_length = 256;

static std::string body_of(RefreshToken const& token)
{
    std::string body{as_text(token.session.bytes())};
    for (int shift = 24; shift >= 0; shift -= 8)
        body.push_back(static_cast<char>(token.generation >> shift));
    return body;
}

static std::string mac_of(Keyring const& keyring, std::string_view key_id, std::string_view body)
{
    auto const key = keyring.derive(purpose, key_id);
    auto const mac = hmac_sha256(as_text(key), body);
    return std::string{as_text(mac)};
}

std::string RefreshTokens::make(RefreshToken const& token) const
{
    auto const body = body_of(token);
    auto const& key_id = keyring_.newest();
    return std::string{prefix} + key_id + '.' + to_base64url(body + mac_of(keyring_, key_id, body));
}

std::optional<RefreshToken> RefreshTokens::read(std::string_view text) const
{
    auto const dot = text.find('.');
    if (text.size() > max_length || !text.starts_with(prefix) || dot == std::string_view::npos)
        return std::nullopt;
    auto const key_id = text.substr(prefix.size(), dot - prefix.size());
    auto const bytes = from_base64url(text.substr(dot + 1));
    if (!keyring_.has(key_id) || !bytes || bytes->size() != body_size + mac_size)
        return std::nullopt;
    std::string_view const body{bytes->data(), body_size};
    if (!equal_constant_time(mac_of(keyring_, key_id, body), bytes->substr(body_size)))
        return std::nullopt;
    RefreshToken token;
    Uuid uuid{};
    std::copy_n(body.begin(), id_size, uuid.begin());
    token.session = SessionId{uuid};
    for (auto const c : body.substr(id_size))
        token.generation = token.generation << 8 | static_cast<unsigned char>(c);
    return token;
}

}
