#include "access/authenticator.hpp"

#include "access/store.hpp"

#include <limits>

namespace hermod::access {

namespace {

constexpr std::size_t max_secret = 2048;
constexpr std::int64_t use_resolution_us = 1'000'000;

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

bool is_api_key(std::string_view secret)
{
    return secret.starts_with("hk_");
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
    auto const secret = secret_of(request);
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
    note_use(*credential, now);
    auto caller = choose_workspace(*credential, request, route);
    if (caller || !found.credential || caller.error().code != Errc::workspace_not_found)
        co_return caller;
    // It may have become a member of that workspace since, on another node.
    auto const fresh = co_await look_up(secret, hash);
    if (!fresh)
        co_return refused();
    co_return choose_workspace(*fresh, request, route);
}

Task<Authenticator::Credentials> Authenticator::look_up(std::string_view secret, Digest const& hash)
{
    auto const generation = cache_.generation();
    auto const credential =
        is_api_key(secret) ? co_await look_up_key(hash) : co_await look_up_session(secret);
    if (credential)
        cache_.put(hash, credential, generation);
    else if (is_api_key(secret))
        cache_.put_refused(hash, clock_.now());
    co_return credential;
}

Task<Authenticator::Credentials> Authenticator::look_up_key(Digest const& hash)
{
    auto const row = co_await database_.system().read(
        [&](db::GlobalTx const& tx) { return store::find_key_credential(tx, hash); });
    if (!row)
        co_return nullptr;
    auto const key = co_await database_.read(row->workspace_id,
        [&](db::Tx const& tx) { return store::find_api_key(tx, row->subject_id); });
    auto const now = clock_.now();
    if (!key || key->hash != hash || (key->expires_at && *key->expires_at <= now))
        co_return nullptr;
    auto credential = std::make_shared<Credential>();
    auto& caller = credential->caller;
    caller.kind = Caller::Kind::api_key;
    caller.workspace = row->workspace_id;
    caller.person = key->person_id;
    caller.key = key->id;
    for (auto& scope : store::scopes_of(*key))
        caller.scopes.insert(std::move(scope));
    caller.test = key->environment == Environment::test;
    credential->in_workspaces.push_back(caller);
    credential->expires_at =
        key->expires_at.value_or(Timestamp{std::numeric_limits<std::int64_t>::max()});
    credential->use_written_us = key->last_used_at.value_or(Timestamp{}).us;
    co_return credential;
}

Task<Authenticator::Credentials> Authenticator::look_up_session(std::string_view text)
{
    auto const token = signer_.verify(text, clock_.now());
    if (!token)
        co_return nullptr;
    auto credential = std::make_shared<Credential>();
    credential->expires_at = token->expires_at;
    auto const good = co_await database_.system().read([&](db::GlobalTx const& tx) {
        auto const session = store::find_session(tx, token->session);
        return session && session->login_id == token->login;
    });
    if (!good)
        co_return nullptr;
    auto const workspaces = co_await database_.system().read(
        [&](db::GlobalTx const& tx) { return workspaces::list_of_login(tx, token->login); });
    auto& caller = credential->caller;
    caller.kind = Caller::Kind::session;
    caller.login = token->login;
    caller.session = token->session;
    for (auto const& workspace : workspaces) {
        auto& there = credential->in_workspaces.emplace_back(caller);
        there.workspace = workspace.id;
        there.person = workspace.person_id;
        there.role = workspace.role;
    }
    co_return credential;
}

}
