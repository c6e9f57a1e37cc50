#pragma once

#include "access/credential_cache.hpp"
#include "access/tokens.hpp"
#include "db/database.hpp"
#include "net/pipeline.hpp"

namespace hermod::access {

/// Tells who asks by the bearer token or the X-API-Key. A known secret is answered from memory.
class Authenticator final : public net::Authenticator {
public:
    Authenticator(
        db::Database& database, Clock& clock, TokenSigner const& signer, CredentialCache& cache)
        : database_(database), clock_(clock), signer_(signer), cache_(cache)
    {
    }

    Task<std::expected<Caller, Problem>> authenticate(
        net::Request const& request, net::Route const& route) override;

private:
    using Credentials = std::shared_ptr<Credential const>;

    Task<Credentials> look_up(std::string_view secret, Digest const& hash);
    Task<Credentials> look_up_key(Digest const& hash);
    Task<Credentials> look_up_session(std::string_view token);

    db::Database& database_;
    Clock& clock_;
    TokenSigner const& signer_;
    CredentialCache& cache_;
};

}
