#include "access/authenticator.hpp"

#include "access/browser_guard.hpp"
#include "access/sessions.hpp"
#include "access/stream_tickets.hpp"
#include "net/replay.hpp"

#include <limits>

namespace hermod::access {

namespace {

constexpr std::size_t max_secret = 2048;
constexpr std::int64_t use_resolution_us = 1'000'000;
constexpr std::string_view cookie_prefix = "hcs_";

/// Empty where the request brings none.
std::string_view secret_of(net::Request const& request)
{
    static constexpr std::string_view scheme = "bearer ";
    auto const authorization = request.header("authorization");
    if (authorization.empty())
        return trim(request.header("x-api-key"));
    if (authorization.size() <= scheme.size() || authorization.size() > max_secret
        || to_lower(authorization.substr(0, scheme.size())) != scheme)
        return {};
    return trim(authorization.substr(scheme.size()));
}

bool has_header_credentials(net::Request const& request)
{
    return !request.header("authorization").empty() || !request.header("x-api-key").empty();
}

std::string_view ticket_of(net::Request const& request, net::Route const& route)
{
    if (route.takes_ticket)
        for (auto const& [name, value] : request.query)
            if (name == "ticket")
                return value;
    return {};
}

bool is_key(std::string_view secret)
{
    return secret.starts_with("hk_") || secret.starts_with("hp_");
}

void note_use(Credential const& credential, Timestamp now)
{
    // Not at every request: all threads share the line that this writes to.
    if (now.us - credential.used_at_us.load(std::memory_order_relaxed) > use_resolution_us)
        credential.used_at_us.store(now.us, std::memory_order_relaxed);
}

/// The caller in the workspace it names, or that follows from its credentials.
std::expected<Caller, Problem> choose_workspace(
    Credential const& credential, net::Request const& request, net::Route const& route)
{
    auto const name = request.header("hermod-workspace");
    if (!name.empty()) {
        auto const id = WorkspaceId::parse(name);
        auto const* const caller = id ? credential.in(*id) : nullptr;
        if (!caller)
            return std::unexpected(Problem{Errc::workspace_not_found});
        return *caller;
    }
    if (credential.in_workspaces.size() == 1)
        return credential.in_workspaces.front();
    if (!route.in_workspace)
        return credential.caller;
    if (credential.in_workspaces.empty())
        return std::unexpected(Problem{Errc::forbidden, "the login belongs to no workspace"});
    return std::unexpected(Problem{
        Errc::workspace_required, "name a workspace with the header Hermod-Workspace: wsp_…"});
}

std::unexpected<Problem> refused()
{
    return std::unexpected(Problem{Errc::unauthenticated});
}

}

Task<std::expected<Caller, Problem>> Authenticator::authenticate(
    net::Request const& request, net::Route const& route)
{
    if (route.auth == net::Auth::none)
        co_return Caller{};
    auto const as_of = cache_.generation();
    Answer caller = refused();
    auto const cookie = cookie_in(request.header("cookie"), plain_cookie_);
    if (has_header_credentials(request)) {
        // A cookie's value is no bearer token: it would come without the proof a cookie needs.
        auto const secret = secret_of(request);
        if (!secret.starts_with(cookie_prefix))
            caller = co_await by_secret(request, route, secret);
    } else if (auto const ticket = ticket_of(request, route); !ticket.empty()) {
        caller = co_await by_ticket(ticket);
    } else if (cookie.starts_with(cookie_prefix)) {
        if (auto problem = check_own_page(request, plain_cookie_))
            co_return std::unexpected(*std::move(problem));
        caller = co_await by_secret(request, route, cookie);
    }
    if (caller)
        caller->rights_as_of = as_of;
    co_return caller;
}

bool Authenticator::knows(net::Request const& request) const
{
    auto const cookie = cookie_in(request.header("cookie"), plain_cookie_);
    auto const secret = has_header_credentials(request) ? secret_of(request) : cookie;
    if (secret.empty() || secret.size() > max_secret)
        return false;
    auto const now = clock_.now();
    if (cache_.find(sha256(secret), now, clock_.steady()).credential)
        return true;
    // What we signed nobody makes up; what it stands for may cost a look-up, each time at most.
    return signer_.verify(secret, now) || signer_.verify_person(secret, now);
}

/// A publishable key is no secret: what holds it to its owner is the page it is used on.
static std::optional<Problem> refuse_page(Credential const& credential, net::Request const& request)
{
    if (credential.caller.kind == Caller::Kind::publishable
        && !is_from_one_of(request, credential.origins))
        return Problem{Errc::origin_refused};
    return std::nullopt;
}

Task<Authenticator::Answer> Authenticator::by_secret(
    net::Request const& request, net::Route const& route, std::string_view secret)
{
    if (secret.empty() || secret.size() > max_secret)
        co_return refused();
    auto const hash = sha256(secret);
    auto const now = clock_.now();
    auto const found = cache_.find(hash, now, clock_.steady());
    if (found.refused)
        co_return refused();
    auto const credential = found.credential ? found.credential : co_await look_up(secret, hash);
    if (!credential)
        co_return refused();
    if (auto problem = refuse_page(*credential, request))
        co_return std::unexpected(*std::move(problem));
    note_use(*credential, now);
    auto caller = choose_workspace(*credential, request, route);
    if (caller)
        caller->credentials_end_at = credential->expires_at;
    if (caller || !found.credential || caller.error().code != Errc::workspace_not_found)
        co_return caller;
    // It may have become a member of that workspace since, on another node.
    auto const fresh = co_await look_up(secret, hash);
    if (!fresh)
        co_return refused();
    co_return choose_workspace(*fresh, request, route);
}

/// Throws net::StreamEnded where it was used before, so that an EventSource stops reconnecting.
Task<Authenticator::Answer> Authenticator::by_ticket(std::string_view text)
{
    if (!text.starts_with(ticket_prefix) || text.size() > max_secret)
        co_return refused();
    auto const hash = sha256(text);
    auto const ticket = co_await database_.system().write([&](db::GlobalTx& tx) {
        auto row = store::find_ticket(tx, hash);
        if (row && !row->used_at)
            store::use_ticket(tx, hash);
        return row;
    });
    if (!ticket)
        co_return refused();
    if (ticket->used_at)
        throw net::StreamEnded{};
    auto const now = clock_.now();
    if (ticket->expires_at <= now || ticket->holder_ends_at <= now)
        co_return refused();
    auto const credential = co_await look_up_holder(*ticket);
    if (!credential)
        co_return refused();
    if (ticket->workspace_id.is_nil())
        co_return std::unexpected(
            Problem{Errc::workspace_required, "ask for the ticket with Hermod-Workspace: wsp_…"});
    auto const* const caller = credential->in(ticket->workspace_id);
    if (!caller)
        co_return std::unexpected(Problem{Errc::workspace_not_found});
    auto admitted = *caller;
    admitted.credentials_end_at = credential->expires_at;
    co_return admitted;
}

Task<Authenticator::Credentials> Authenticator::look_up(std::string_view secret, Digest const& hash)
{
    auto const generation = cache_.generation();
    Credentials credential;
    if (is_key(secret))
        credential = co_await look_up_key(hash);
    else if (secret.starts_with(cookie_prefix))
        credential = co_await look_up_cookie(hash);
    else
        credential = co_await look_up_token(secret);
    if (credential)
        cache_.put(hash, credential, generation);
    else if (is_key(secret))
        cache_.put_refused(hash, clock_.now());
    co_return credential;
}

Task<Authenticator::Credentials> Authenticator::look_up_token(std::string_view token)
{
    auto const now = clock_.now();
    if (auto const access = signer_.verify(token, now)) {
        auto credential = co_await session_credential(access->session, access->expires_at);
        co_return credential && credential->caller.login == access->login ? credential : nullptr;
    }
    if (auto const person = signer_.verify_person(token, now))
        co_return co_await person_credential(*person);
    co_return nullptr;
}

Task<Authenticator::Credentials> Authenticator::look_up_cookie(Digest const& hash)
{
    auto const session = co_await database_.system().read(
        [&](db::GlobalTx const& tx) { return store::find_session_by_cookie(tx, hash); });
    if (!session)
        co_return nullptr;
    co_return co_await session_credential(session->id, session->expires_at);
}

Task<Authenticator::Credentials> Authenticator::look_up_holder(store::TicketRow const& ticket)
{
    auto const& id = ticket.subject_id.bytes();
    switch (ticket.kind) {
    case store::TicketKind::session:
        co_return co_await session_credential(SessionId{id}, ticket.holder_ends_at);
    case store::TicketKind::api_key:
        co_return co_await key_credential(ticket.workspace_id, KeyId{id});
    case store::TicketKind::person:
        co_return co_await person_credential(
            {ticket.workspace_id, PersonId{id}, ticket.holder_ends_at});
    }
    co_return nullptr;
}

}
