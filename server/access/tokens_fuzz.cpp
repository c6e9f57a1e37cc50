#include "access/tokens.hpp"
#include "base/errors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace hermod;

/// No text that we did not sign is a token.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static auto const keyring = Keyring::parse("k1:" + std::string(64, '1'));
    static access::TokenSigner const signer{keyring};
    static Timestamp const now = Timestamp::from_s(1'800'000'000);
    static auto const good =
        signer.sign({LoginId::make(now), SessionId::make(now), now + seconds{60}}, now);

    std::string_view const text{reinterpret_cast<char const*>(data), size};
    HERMOD_CHECK(!signer.verify(text, now) || text == good);
    // The input laid over a good token, from some place on.
    auto damaged = good;
    if (size > 1) {
        auto const at = data[0] % damaged.size();
        damaged.replace(at, std::min(size - 1, damaged.size() - at), text.substr(1));
    }
    HERMOD_CHECK(!signer.verify(damaged, now) || damaged == good);
    return 0;
}
