#include "base/crypto.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace hermod {

TEST(CryptoTest, digests_are_those_of_the_standards)
{
    EXPECT_EQ(
        to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(
        to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    // RFC 4231, test case 2.
    EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(CryptoTest, a_digest_is_the_same_on_every_thread)
{
    Digest there{};
    std::thread{[&] { there = sha256("abc"); }}.join();

    EXPECT_EQ(there, sha256("abc"));
}

TEST(CryptoTest, base64_goes_there_and_back_and_refuses_the_rest)
{
    std::string const bytes{"\0\xff\xfe~?>", 6};
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
    EXPECT_EQ(to_base64url("a"), "YQ");
    for (auto const* const text : {"YQ=", "YQ==", "Y", "Y Q", "YR+/", "é"})
        EXPECT_EQ(from_base64url(text), std::nullopt) << text;
}

TEST(CryptoTest, what_is_sealed_opens_in_its_own_context_alone)
{
    auto const old_ring = Keyring::parse("k1:" + std::string(64, '1'));
    auto const both = Keyring::parse("k2:" + std::string(64, '2') + "\nk1:" + std::string(64, '1'));
    auto const sealed = old_ring.seal("secret", "accounts/1");

    EXPECT_TRUE(sealed.starts_with("v1.k1."));
    EXPECT_NE(old_ring.seal("secret", "accounts/1"), sealed);
    EXPECT_EQ(both.open(sealed, "accounts/1"), "secret");
    EXPECT_EQ(both.open(sealed, "accounts/2"), std::nullopt);
    EXPECT_EQ(old_ring.open(both.seal("secret", ""), ""), std::nullopt);
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto damaged = sealed;
        damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
        EXPECT_EQ(both.open(damaged, "accounts/1"), std::nullopt) << i;
    }
    EXPECT_EQ(both.open(sealed.substr(0, 10), "accounts/1"), std::nullopt);
}

TEST(CryptoTest, derived_keys_differ_by_purpose_and_master_key)
{
    auto const ring = Keyring::parse("k2:" + std::string(64, '2') + "\nk1:" + std::string(64, '1'));

    EXPECT_NE(ring.derive("a"), ring.derive("b"));
    EXPECT_EQ(ring.derive("a"), ring.derive("a", "k2"));
    EXPECT_NE(ring.derive("a"), ring.derive("a", "k1"));
    EXPECT_TRUE(ring.has("k1"));
    EXPECT_FALSE(ring.has("k3"));
}

TEST(CryptoTest, a_bad_key_file_is_refused)
{
    for (std::string const text : {"", "\n", "k1", "k1:", ":11", "k1:11", "k.1:"})
        EXPECT_THROW(Keyring::parse(text + (text == "k.1:" ? std::string(64, '1') : "")),
            std::invalid_argument)
            << text;
    EXPECT_THROW(Keyring::parse("k1:" + std::string(63, '1') + "g"), std::invalid_argument);
    EXPECT_EQ(Keyring::parse(Keyring::generate_line("k9")).newest(), "k9");
}

TEST(CryptoTest, a_signature_holds_for_its_text_and_key_alone)
{
    SigningKey const key{Keyring::Key{1}};
    auto const signature = key.sign("text");

    EXPECT_TRUE(key.verify("text", signature));
    EXPECT_FALSE(key.verify("texts", signature));
    EXPECT_FALSE(key.verify("text", signature.substr(1)));
    EXPECT_FALSE(key.verify("text", ""));
    EXPECT_FALSE(SigningKey{Keyring::Key{2}}.verify("text", signature));
}

TEST(CryptoTest, a_password_is_right_for_its_own_hash_alone)
{
    auto const hash = hash_password("correct horse");

    EXPECT_TRUE(hash.starts_with("$argon2id$"));
    EXPECT_TRUE(verify_password(hash, "correct horse"));
    EXPECT_FALSE(verify_password(hash, "correct horsE"));
    EXPECT_FALSE(verify_password("not a hash", "correct horse"));
    EXPECT_NE(hash_password("correct horse"), hash);
}

}
