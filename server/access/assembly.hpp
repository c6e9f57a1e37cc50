#pragma once

#include "access/access.hpp"
#include "access/authenticator.hpp"
#include "access/refresh_tokens.hpp"
#include "access/watch.hpp"

namespace hermod::access {

struct Settings {
    seconds access_token{15 * 60};
    seconds session{30 * 24 * 3600};
    int sign_in_attempts = 30; ///< a minute from one address; 0: no limit
    bool plain_cookie = false; ///< for plain HTTP on loopback: see cookie_name
};

/// What of this folder lives as long as the process, in order of dependence. Close `passwords`
/// before the io contexts die; spawn `watch.run()` and `watch.keep_house()` where requests are
/// served.
struct Assembly {
    Assembly(db::Database& database, Clock& clock, Keyring const& keyring, Settings settings = {})
        : signer(keyring, settings.access_token)
        , refresh_tokens(keyring)
        , passwords(clock)
        , attempts(settings.sign_in_attempts)
        , authenticator(database, clock, signer, cache, settings.plain_cookie)
        , watch(database, clock, cache)
        , deps{database, clock, signer, refresh_tokens, passwords, attempts, cache,
              settings.session, settings.plain_cookie}
    {
    }
    Assembly(Assembly const&) = delete;
    Assembly& operator=(Assembly const&) = delete;

    TokenSigner signer;
    RefreshTokens refresh_tokens;
    PasswordThread passwords;
    AttemptLimits attempts;
    CredentialCache cache;
    Authenticator authenticator;
    Watch watch;
    Deps deps;
};

}
