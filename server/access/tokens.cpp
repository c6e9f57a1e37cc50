#include "access/tokens.hpp"

#include "base/codec.hpp"

namespace hermod::access {

namespace {

constexpr std::string_view issuer = "hermod";
constexpr std::string_view purpose = "access-token";
constexpr std::size_t max_length = 1024;

struct Header {
    std::string alg;
    std::string typ;
    std::string kid;
};
BOOST_DESCRIBE_STRUCT(Header, (), (alg, typ, kid))

struct Claims {
    std::string iss;
    std::string aud;
    LoginId sub;
    SessionId sid;
    std::int64_t iat = 0;
    std::int64_t exp = 0;
};
BOOST_DESCRIBE_STRUCT(Claims, (), (iss, aud, sub, sid, iat, exp))

struct PersonClaims {
    std::string iss;
    std::string aud;
    PersonId sub;
    WorkspaceId wsp;
    bool addressed_sends = false;
    bool test = false;
    std::int64_t iat = 0;
    std::int64_t exp = 0;
};
BOOST_DESCRIBE_STRUCT(PersonClaims, (), (iss, aud, sub, wsp, addressed_sends, test, iat, exp))

/// Each kind of token has its own `typ`, so that none can be used as another (RFC 8725 §3.11).
constexpr std::string_view access_type = "at+jwt";
constexpr std::string_view person_type = "person+jwt";

template <class T>
std::optional<T> decode(std::string_view part)
{
    auto const text = from_base64url(part);
    if (!text)
        return std::nullopt;
    auto value = read_json<T>(*text);
    return value ? std::optional{*std::move(value)} : std::nullopt;
}

}

TokenSigner::TokenSigner(Keyring const& keyring, seconds lifetime)
    : keyring_(keyring), lifetime_(lifetime), newest_(keyring.derive(purpose))
{
}

template <class Claims>
std::string TokenSigner::sign_claims(std::string_view type, Claims const& claims) const
{
    Header const header{"EdDSA", std::string{type}, keyring_.newest()};
    auto text = to_base64url(to_json(header)) + '.' + to_base64url(to_json(claims));
    auto const signature = to_base64url(newest_.sign(text));
    return text + '.' + signature;
}

std::string TokenSigner::sign(AccessToken const& token, Timestamp now) const
{
    return sign_claims(access_type,
        Claims{std::string{issuer}, std::string{issuer}, token.login, token.session, now.unix_s(),
            token.expires_at.unix_s()});
}

std::string TokenSigner::sign(PersonToken const& token, Timestamp now) const
{
    return sign_claims(person_type,
        PersonClaims{std::string{issuer}, std::string{issuer}, token.person, token.workspace,
            token.addressed_sends, token.test, now.unix_s(), token.expires_at.unix_s()});
}

bool TokenSigner::is_signed(
    std::string_view text, std::string_view signature, std::string_view master) const
{
    if (master == keyring_.newest())
        return newest_.verify(text, signature);
    return keyring_.has(master)
        && SigningKey{keyring_.derive(purpose, master)}.verify(text, signature);
}

template <class Claims>
std::optional<Claims> TokenSigner::verify_claims(
    std::string_view type, std::string_view text, Timestamp now) const
{
    if (text.size() > max_length)
        return std::nullopt;
    auto const first = text.find('.');
    auto const last = text.rfind('.');
    if (first == std::string_view::npos || first == last)
        return std::nullopt;
    auto const header = decode<Header>(text.substr(0, first));
    auto const signature = from_base64url(text.substr(last + 1));
    if (!header || header->alg != "EdDSA" || header->typ != type || !signature
        || !is_signed(text.substr(0, last), *signature, header->kid))
        return std::nullopt;
    auto claims = decode<Claims>(text.substr(first + 1, last - first - 1));
    if (!claims || claims->iss != issuer || claims->aud != issuer
        || Timestamp::from_s(claims->exp) <= now)
        return std::nullopt;
    return claims;
}

std::optional<AccessToken> TokenSigner::verify(std::string_view text, Timestamp now) const
{
    auto const claims = verify_claims<Claims>(access_type, text, now);
    if (!claims)
        return std::nullopt;
    return AccessToken{claims->sub, claims->sid, Timestamp::from_s(claims->exp)};
}

std::optional<PersonToken> TokenSigner::verify_person(std::string_view text, Timestamp now) const
{
    auto const claims = verify_claims<PersonClaims>(person_type, text, now);
    if (!claims)
        return std::nullopt;
    return PersonToken{claims->wsp, claims->sub, Timestamp::from_s(claims->exp),
        claims->addressed_sends, claims->test};
}

}
