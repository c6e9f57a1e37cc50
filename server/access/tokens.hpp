#pragma once

#include "base/crypto.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hermod::access {

/// What an access token says. Workspaces and roles are not in it: they are looked up, so that they
/// end when they are taken away and not when the token does.
struct AccessToken {
    LoginId login;
    SessionId session;
    Timestamp expires_at;
};

/// What a person's token says: an app user of a workspace, for whom its backend asked. What they
/// may do is looked up too, but for what the backend granted.
struct PersonToken {
    WorkspaceId workspace;
    PersonId person;
    Timestamp expires_at;
    bool addressed_sends = false; ///< it may send to any address
    bool test = false; ///< asked for with a test key
};

/// Makes and checks access tokens and person tokens: JWTs (RFC 7519) signed with Ed25519 (RFC
/// 8037), by a key derived from the newest master key, which `kid` names. A token of an older key
/// that the keyring still holds stays good. Thread-safe.
class TokenSigner {
public:
    /// The keyring outlives the signer.
    explicit TokenSigner(Keyring const& keyring, seconds lifetime = seconds{15 * 60});

    seconds lifetime() const { return lifetime_; }
    std::string sign(AccessToken const& token, Timestamp now) const;
    /// Nothing where the text is not one of our tokens or its time is over.
    std::optional<AccessToken> verify(std::string_view text, Timestamp now) const;

    std::string sign(PersonToken const& token, Timestamp now) const;
    std::optional<PersonToken> verify_person(std::string_view text, Timestamp now) const;

private:
    template <class Claims>
    std::string sign_claims(std::string_view type, Claims const& claims) const;
    template <class Claims>
    std::optional<Claims> verify_claims(
        std::string_view type, std::string_view text, Timestamp now) const;
    bool is_signed(
        std::string_view text, std::string_view signature, std::string_view master) const;

    Keyring const& keyring_;
    seconds lifetime_;
    SigningKey newest_;
};

}
