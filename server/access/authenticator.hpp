#pragma once

#include "access/credential_cache.hpp"
#include "access/store.hpp"
#include "access/tokens.hpp"
#include "db/database.hpp"
#include "net/pipeline.hpp"

namespace hermod::access {

/// Tells who asks: by the bearer token or the X-API-Key, else by the session cookie of a browser,
/// else, where a stream begins, by a ticket. A known secret is answered from memory.
class Authenticator final : public net::Authenticator {
public:
    Authenticator(db::Database& database, Clock& clock, TokenSigner const& signer,
        CredentialCache& cache, bool plain_cookie)
        : database_(database)
        , clock_(clock)
        , signer_(signer)
        , cache_(cache)
        , plain_cookie_(plain_cookie)
    {
    }

    Task<std::expected<Caller, Problem>> authenticate(
        net::Request const& request, net::Route const& route) override;
    bool knows(net::Request const& request) const override;

private:
    using Credentials = std::shared_ptr<Credential const>;
    using Answer = std::expected<Caller, Problem>;

    Task<Answer> by_secret(
        net::Request const& request, net::Route const& route, std::string_view secret);
    Task<Answer> by_ticket(std::string_view ticket);

    Task<Credentials> look_up(std::string_view secret, Digest const& hash);
    Task<Credentials> look_up_key(Digest const& hash);
    Task<Credentials> look_up_cookie(Digest const& hash);
    Task<Credentials> look_up_token(std::string_view token);
    Task<Credentials> look_up_holder(store::TicketRow const& ticket);

    Task<Credentials> key_credential(WorkspaceId const& workspace, KeyId const& key);
    Task<Credentials> session_credential(SessionId const& session, Timestamp expires_at);
    Task<Credentials> person_credential(PersonToken const& token);

    db::Database& database_;
    Clock& clock_;
    TokenSigner const& signer_;
    CredentialCache& cache_;
    bool const plain_cookie_;
};

}
