#include "access/audit_log.hpp"
#include "access/credential_cache.hpp"
#include "access/refresh_tokens.hpp"
#include "access/sign_in.hpp"
#include "access/store.hpp"
#include "base/log.hpp"
#include "workspaces/rights.hpp"

namespace hermod::access {

namespace {

/// So long the last token before the newest still gets the newest: the answer with it was lost.
constexpr seconds grace{60};

enum class Use { next, repeat, reuse, none };

Use use_of(store::SessionRow const& session, RefreshToken const& token, Digest const& hash,
    Device const& device, Timestamp now)
{
    if (session.mode != SessionMode::bearer)
        return Use::none;
    if (hash == session.refresh_hash)
        return Use::next;
    if (token.generation >= session.generation)
        return Use::none; // of a time that a restored backup does not know
    auto const same_client = device.user_agent == session.user_agent.value_or("");
    auto const is_last = token.generation + 1 == session.generation;
    return is_last && same_client && now - session.refreshed_at <= grace ? Use::repeat : Use::reuse;
}

Problem refused()
{
    return Problem{Errc::unauthenticated, "the refresh token is not, or no longer, good"};
}

/// What a refresh came to; the caller of a refused one is told only after the commit, which may
/// have ended the session.
struct Outcome {
    std::optional<SignedIn> signed_in;
    bool session_ended = false;
};

class Refreshing {
public:
    Refreshing(Deps& deps, Caller const& caller, Device const& device, RefreshToken const& token,
        Digest const& hash)
        : deps_(deps), caller_(caller), device_(device), token_(token), hash_(hash)
    {
    }

    Outcome operator()(db::GlobalTx& tx) const
    {
        auto session = store::find_session(tx, token_.session);
        auto login = session ? store::find_login(tx, session->login_id) : std::nullopt;
        if (!login)
            return {};
        switch (use_of(*session, token_, hash_, device_, tx.now())) {
        case Use::next:
            return {answer(tx, *std::move(login), *session, rotate(tx, *session))};
        case Use::repeat:
            return {repeat(tx, *std::move(login), *session)};
        case Use::reuse:
            end_family(tx, *session);
            return {std::nullopt, true};
        case Use::none:
            break;
        }
        return {};
    }

private:
    std::string rotate(db::GlobalTx& tx, store::SessionRow session) const
    {
        ++session.generation;
        auto text = text_of(session);
        session.refresh_hash = sha256(text);
        session.remote_address = device_.remote_address;
        session.user_agent = device_.user_agent;
        store::update_session(tx, session);
        store::remember_place(tx, session.login_id, place_of(device_.remote_address));
        return text;
    }

    std::optional<SignedIn> repeat(
        db::GlobalTx& tx, Login login, store::SessionRow const& session) const
    {
        auto text = text_of(session);
        if (sha256(text) != session.refresh_hash) // made under another master key
            return std::nullopt;
        return answer(tx, std::move(login), session, std::move(text));
    }

    /// Two hold tokens of one family, and nobody can tell which of them is the thief.
    void end_family(db::GlobalTx& tx, store::SessionRow const& session) const
    {
        store::delete_session(tx, session.id);
        workspaces::note_rights_changed(tx, session.id.bytes());
        audit_login(tx, caller_, session.login_id, "session.reuse_detected", session.id.str());
    }

    std::string text_of(store::SessionRow const& session) const
    {
        return deps_.refresh_tokens.make(
            {session.id, static_cast<std::uint32_t>(session.generation)});
    }

    SignedIn answer(db::GlobalTx& tx, Login login, store::SessionRow const& session,
        std::string refresh_token) const
    {
        return signed_in(
            deps_, tx, std::move(login), session.id, std::move(refresh_token), session.expires_at);
    }

    Deps& deps_;
    Caller const& caller_;
    Device const& device_;
    RefreshToken const& token_;
    Digest const& hash_;
};

}

Task<SignedIn> refresh_session(
    Deps& deps, Caller const& caller, Refresh const& command, Device const& device)
{
    auto const token = deps.refresh_tokens.read(command.refresh_token.value);
    if (!token)
        throw refused();
    auto const hash = sha256(command.refresh_token.value);
    Refreshing const refreshing{deps, caller, device, *token, hash};
    auto outcome = co_await deps.database.system().write(refreshing);
    if (outcome.session_ended) {
        deps.cache.drop(token->session.bytes());
        log::warn("an old refresh token was used again: its session is ended",
            {{"session_id", token->session.str()}, {"request_id", caller.request_id}});
    }
    if (!outcome.signed_in)
        throw refused();
    co_return *std::move(outcome.signed_in);
}

}
