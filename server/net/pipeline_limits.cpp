#include "net/pipeline.hpp"

#include <arpa/inet.h>

#include <array>

namespace hermod::net {

/// One IPv6 subscriber has a whole /64.
static std::string address_key(std::string const& address)
{
    std::array<unsigned char, 16> bytes{};
    if (address.find(':') == std::string::npos
        || ::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1)
        return address;
    return {reinterpret_cast<char const*>(bytes.data()), 8};
}

static Problem too_many(RateVerdict const& verdict)
{
    Problem problem{Errc::rate_limited};
    problem.retry_after_s = verdict.retry_after_s;
    return problem;
}

std::optional<Problem> Pipeline::limit_open(Exchange& exchange)
{
    auto const& route = *exchange.route;
    auto const is_operators = route.tag.empty();
    if (route.auth != Auth::none || is_operators || !options_.per_address.is_on())
        return std::nullopt;
    auto const verdict =
        by_address_.take(address_key(exchange.request.remote_address), options_.per_address);
    return verdict.allowed ? std::nullopt : std::optional{too_many(verdict)};
}

/// Whoever shares an address with one who tries bad credentials goes on with good ones: known
/// ones cost no look-up, and of the others one at a time is looked up.
Task<std::expected<Caller, Problem>> Pipeline::authenticate(Exchange& exchange)
{
    auto const& limit = options_.per_address;
    if (!limit.is_on())
        co_return co_await authenticator_.authenticate(exchange.request, *exchange.route);
    auto const address = address_key(exchange.request.remote_address);
    auto const verdict = by_address_.look(address, limit);
    std::optional<Turns::Turn> turn;
    if (!verdict.allowed && !authenticator_.knows(exchange.request)) {
        auto entered = look_ups_.enter(address);
        if (!entered)
            co_return std::unexpected(too_many(verdict));
        turn.emplace(*std::move(entered));
    }
    auto caller = co_await authenticator_.authenticate(exchange.request, *exchange.route);
    if (caller)
        co_return caller;
    by_address_.take(address, limit);
    if (!verdict.allowed)
        co_return std::unexpected(too_many(verdict));
    co_return caller;
}

static std::string_view as_key(Uuid const& uuid)
{
    return as_text(uuid);
}

/// A login with several workspaces is, on a route that needs none, in none and no person.
static Uuid const& tenant_of(Caller const& caller)
{
    return caller.workspace.is_nil() ? caller.login.bytes() : caller.workspace.bytes();
}

static Uuid const& key_of(Caller const& caller)
{
    if (!caller.key.is_nil())
        return caller.key.bytes();
    return caller.person.is_nil() ? caller.login.bytes() : caller.person.bytes();
}

/// The tighter of two limits is what the client is told. What is above the caller's own is not
/// taken from what the workspace's others have.
std::optional<Problem> Pipeline::limit_workspace(Exchange& exchange)
{
    auto const& caller = *exchange.caller;
    auto& rate = exchange.rate;
    if (options_.per_caller.is_on())
        rate = by_caller_.take(as_key(key_of(caller)), options_.per_caller);
    if (options_.per_workspace.is_on() && (!rate || rate->allowed)) {
        auto const verdict = by_workspace_.take(as_key(tenant_of(caller)), options_.per_workspace);
        if (!rate || !verdict.allowed || verdict.remaining < rate->remaining)
            rate = verdict;
    }
    if (exchange.rate && !exchange.rate->allowed)
        return too_many(*exchange.rate);
    return std::nullopt;
}

}
