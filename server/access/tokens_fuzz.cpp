#include "access/refresh_tokens.hpp"
#include "access/tokens.hpp"
#include "base/errors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace hermod;

/// The input laid over a good token, from some place on.
static std::string damaged(std::string good, std::string_view input)
{
    if (input.size() < 2)
        return good;
    auto const at = static_cast<unsigned char>(input[0]) % good.size();
    return good.replace(at, std::min(input.size() - 1, good.size() - at), input.substr(1));
}

/// No text that we did not make is a token, and none is taken for one of another kind.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static auto const keyring = Keyring::parse("k1:" + std::string(64, '1'));
    static access::TokenSigner const signer{keyring};
    static access::RefreshTokens const refresh_tokens{keyring};
    static Timestamp const now = Timestamp::from_s(1'800'000'000);
    static auto const of_session = signer.sign(
        access::AccessToken{LoginId::make(now), SessionId::make(now), now + seconds{60}}, now);
    static auto const of_person = signer.sign(
        access::PersonToken{WorkspaceId::make(now), PersonId::make(now), now + seconds{60}}, now);
    static auto const refresh = refresh_tokens.make({SessionId::make(now), 7});

    std::string_view const input{reinterpret_cast<char const*>(data), size};
    for (auto const& text : {std::string{input}, damaged(of_session, input),
             damaged(of_person, input), damaged(refresh, input)}) {
        HERMOD_CHECK(!signer.verify(text, now) || text == of_session);
        HERMOD_CHECK(!signer.verify_person(text, now) || text == of_person);
        HERMOD_CHECK(!refresh_tokens.read(text) || text == refresh);
    }
    return 0;
}
