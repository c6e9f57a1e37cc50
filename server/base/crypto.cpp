#include "base/crypto.hpp"

#include "base/errors.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <sodium.h>

#include <memory>
#include <stdexcept>

namespace hermod {

static bool const sodium_ready = sodium_init() >= 0;

static unsigned char const* bytes_of(std::string_view text)
{
    return reinterpret_cast<unsigned char const*>(text.data());
}

void fill_random(std::span<std::uint8_t> out)
{
    HERMOD_CHECK(sodium_ready);
    randombytes_buf(out.data(), out.size());
}

std::string random_token(std::size_t bytes)
{
    std::string raw(bytes, '\0');
    fill_random({reinterpret_cast<std::uint8_t*>(raw.data()), raw.size()});
    return to_base64url(raw);
}

Digest sha256(std::string_view data)
{
    // Fetched once and per thread: every request hashes, and EVP_Digest fetches at each call.
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    thread_local std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> const context{
        EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    Digest digest;
    HERMOD_CHECK(algorithm && context && EVP_DigestInit_ex(context.get(), algorithm, nullptr)
        && EVP_DigestUpdate(context.get(), data.data(), data.size())
        && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr));
    return digest;
}

Digest hmac_sha256(std::string_view key, std::string_view data)
{
    Digest digest;
    unsigned length = 0;
    HERMOD_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(data),
        data.size(), digest.data(), &length));
    return digest;
}

std::string to_hex(Bytes bytes)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (auto const byte : bytes) {
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

static std::string encode_base64(std::string_view data, int variant)
{
    std::string out(sodium_base64_encoded_len(data.size(), variant), '\0');
    sodium_bin2base64(out.data(), out.size(), bytes_of(data), data.size(), variant);
    out.pop_back(); // the terminating NUL
    return out;
}

static std::optional<std::string> decode_base64(std::string_view text, int variant)
{
    std::string out(text.size(), '\0');
    std::size_t length = 0;
    if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
            text.size(), nullptr, &length, nullptr, variant)
        != 0)
        return std::nullopt;
    out.resize(length);
    return out;
}

std::string to_base64(std::string_view data)
{
    return encode_base64(data, sodium_base64_VARIANT_ORIGINAL);
}

std::string to_base64url(std::string_view data)
{
    return encode_base64(data, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

std::optional<std::string> from_base64(std::string_view text)
{
    return decode_base64(text, sodium_base64_VARIANT_ORIGINAL);
}

std::optional<std::string> from_base64url(std::string_view text)
{
    return decode_base64(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool equal_constant_time(std::string_view a, std::string_view b)
{
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string hash_password(std::string_view password)
{
    std::array<char, crypto_pwhash_STRBYTES> out{};
    if (crypto_pwhash_argon2id_str(out.data(), password.data(), password.size(),
            crypto_pwhash_argon2id_OPSLIMIT_INTERACTIVE,
            crypto_pwhash_argon2id_MEMLIMIT_INTERACTIVE)
        != 0)
        throw std::bad_alloc{};
    return out.data();
}

bool verify_password(std::string_view hash, std::string_view password)
{
    std::string const terminated{hash};
    return crypto_pwhash_argon2id_str_verify(terminated.c_str(), password.data(), password.size())
        == 0;
}

static constexpr std::size_t nonce_size = 12;
static constexpr std::size_t tag_size = 16;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

static CipherContext cipher_context(
    bool encrypt, Keyring::Key const& key, unsigned char const* nonce)
{
    CipherContext context{EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
    HERMOD_CHECK(context
        && EVP_CipherInit_ex(
            context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce, encrypt ? 1 : 0));
    return context;
}

Keyring Keyring::parse(std::string_view text)
{
    Keyring ring;
    while (!text.empty()) {
        auto const end = std::min(text.find_first_of("\r\n"), text.size());
        auto const line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty())
            continue;
        auto const colon = line.find(':');
        Key key{};
        std::size_t length = 0;
        if (colon == std::string_view::npos || colon == 0 || line.size() - colon - 1 != 64
            || line.substr(0, colon).find('.') != std::string_view::npos
            || sodium_hex2bin(
                   key.data(), key.size(), line.data() + colon + 1, 64, nullptr, &length, nullptr)
                != 0
            || length != key.size())
            throw std::invalid_argument{"a master key is a line <id>:<64 hexadecimal digits>"};
        std::string id{line.substr(0, colon)};
        if (ring.newest_.empty())
            ring.newest_ = id;
        ring.keys_.emplace(std::move(id), key);
    }
    if (ring.keys_.empty())
        throw std::invalid_argument{"the master key is empty"};
    return ring;
}

std::string Keyring::generate_line(std::string_view id)
{
    Key key{};
    fill_random(key);
    return std::string{id} + ':' + to_hex(key);
}

std::string Keyring::seal(std::string_view plain, std::string_view context) const
{
    std::string out(nonce_size + plain.size() + tag_size, '\0');
    auto* const raw = reinterpret_cast<unsigned char*>(out.data());
    fill_random({raw, nonce_size});
    auto const cipher = cipher_context(true, keys_.at(newest_), raw);
    int n = 0;
    HERMOD_CHECK(EVP_EncryptUpdate(
        cipher.get(), nullptr, &n, bytes_of(context), static_cast<int>(context.size())));
    HERMOD_CHECK(EVP_EncryptUpdate(
        cipher.get(), raw + nonce_size, &n, bytes_of(plain), static_cast<int>(plain.size())));
    HERMOD_CHECK(EVP_EncryptFinal_ex(cipher.get(), raw + nonce_size + n, &n));
    HERMOD_CHECK(EVP_CIPHER_CTX_ctrl(
        cipher.get(), EVP_CTRL_GCM_GET_TAG, tag_size, raw + nonce_size + plain.size()));
    return "v1." + newest_ + '.' + to_base64url(out);
}

std::optional<std::string> Keyring::open(std::string_view sealed, std::string_view context) const
{
    if (!sealed.starts_with("v1."))
        return std::nullopt;
    sealed.remove_prefix(3);
    auto const dot = sealed.find('.');
    if (dot == std::string_view::npos)
        return std::nullopt;
    auto const key = keys_.find(sealed.substr(0, dot));
    auto raw = from_base64url(sealed.substr(dot + 1));
    if (key == keys_.end() || !raw || raw->size() < nonce_size + tag_size)
        return std::nullopt;
    auto* const data = reinterpret_cast<unsigned char*>(raw->data());
    auto const size = raw->size() - nonce_size - tag_size;
    std::string plain(size, '\0');
    auto const cipher = cipher_context(false, key->second, data);
    int n = 0;
    if (!EVP_DecryptUpdate(
            cipher.get(), nullptr, &n, bytes_of(context), static_cast<int>(context.size()))
        || !EVP_DecryptUpdate(cipher.get(), reinterpret_cast<unsigned char*>(plain.data()), &n,
            data + nonce_size, static_cast<int>(size))
        || !EVP_CIPHER_CTX_ctrl(
            cipher.get(), EVP_CTRL_GCM_SET_TAG, tag_size, data + nonce_size + size)
        || EVP_DecryptFinal_ex(cipher.get(), reinterpret_cast<unsigned char*>(plain.data()) + n, &n)
            <= 0)
        return std::nullopt;
    return plain;
}

Keyring::Key Keyring::derive(std::string_view purpose, std::string_view key_id) const
{
    auto const found = keys_.find(key_id.empty() ? std::string_view{newest_} : key_id);
    HERMOD_CHECK(found != keys_.end());
    auto const& master = found->second;
    Key out{};
    std::size_t length = out.size();
    std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> const context{
        EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr), &EVP_PKEY_CTX_free};
    HERMOD_CHECK(context && EVP_PKEY_derive_init(context.get()) > 0
        && EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()) > 0
        && EVP_PKEY_CTX_set1_hkdf_key(context.get(), master.data(), static_cast<int>(master.size()))
            > 0
        && EVP_PKEY_CTX_add1_hkdf_info(
               context.get(), bytes_of(purpose), static_cast<int>(purpose.size()))
            > 0
        && EVP_PKEY_derive(context.get(), out.data(), &length) > 0);
    return out;
}

SigningKey::SigningKey(Keyring::Key const& seed)
{
    crypto_sign_ed25519_seed_keypair(public_.data(), secret_.data(), seed.data());
}

std::string SigningKey::sign(std::string_view data) const
{
    std::string signature(crypto_sign_ed25519_BYTES, '\0');
    crypto_sign_ed25519_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
        bytes_of(data), data.size(), secret_.data());
    return signature;
}

bool SigningKey::verify(std::string_view data, std::string_view signature) const
{
    return signature.size() == crypto_sign_ed25519_BYTES
        && crypto_sign_ed25519_verify_detached(
               bytes_of(signature), bytes_of(data), data.size(), public_.data())
        == 0;
}

}
