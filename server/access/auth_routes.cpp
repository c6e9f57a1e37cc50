#include "access/auth_routes.hpp"

#include "access/browser_guard.hpp"
#include "access/sessions.hpp"
#include "access/stream_tickets.hpp"
#include "net/router.hpp"

#include <string>

namespace hermod::access {

using net::Reply;
using net::Request;

/// What a client says of itself is kept and shown to its owner: not for ever long, and plain text.
static Device device_of(Request const& request)
{
    static constexpr std::size_t longest = 300;
    std::string agent{request.header("user-agent").substr(0, longest)};
    std::erase_if(agent, [](char c) { return c < 0x20 || c > 0x7e; });
    return {request.remote_address, std::move(agent)};
}

static Task<Reply> post_register(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::created(
        co_await register_login(deps, caller, request.body_as<Register>(), device_of(request)));
}

static Task<Reply> post_login(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await log_in(deps, caller, request.body_as<LogIn>(), device_of(request)));
}

static Task<Reply> post_cookie(Deps& deps, Caller const& caller, Request const& request)
{
    // Else another site's page could sign a visitor in as somebody else, who reads what they write.
    if (auto problem = check_own_page(request, deps.plain_cookie))
        throw *std::move(problem);
    auto const signed_in =
        co_await log_in_browser(deps, caller, request.body_as<LogIn>(), device_of(request));
    auto reply = net::ok(signed_in.session);
    reply.headers.emplace_back("Set-Cookie", signed_in.cookie);
    co_return reply;
}

static Task<Reply> post_refresh(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(
        co_await refresh_session(deps, caller, request.body_as<Refresh>(), device_of(request)));
}

static Task<Reply> post_logout(Deps& deps, Caller const& caller, Request const&)
{
    co_await log_out(deps, caller);
    auto reply = net::no_content();
    reply.headers.emplace_back("Set-Cookie", cookie_with("", seconds{0}, deps.plain_cookie));
    co_return reply;
}

static Task<Reply> post_stream_ticket(Deps& deps, Caller const& caller, Request const&)
{
    co_return net::created(co_await make_stream_ticket(deps, caller));
}

static Task<Reply> get_me(Deps& deps, Caller const& caller, Request const&)
{
    co_return net::ok(co_await who_am_i(deps, caller));
}

static Task<Reply> patch_me(Deps& deps, Caller const& caller, Request const& request)
{
    co_return net::ok(co_await update_me(deps, caller, request.body_as<UpdateMe>()));
}

static Task<Reply> get_sessions(Deps& deps, Caller const& caller, Request const&)
{
    auto sessions = co_await list_sessions(deps, caller);
    co_return net::ok(net::Page<Session>{std::move(sessions), {}});
}

static Task<Reply> delete_session(Deps& deps, Caller const& caller, Request const& request)
{
    co_await end_session(deps, caller, request.path_id<SessionId>("session_id"));
    co_return net::no_content();
}

/// Room for every field at its longest; more from strangers is not waited for.
static constexpr std::size_t max_sign_in = 16 << 10;

static void add_sign_in_routes(net::FeatureRoutes<Deps>& routes)
{
    routes.post<Register, SignedIn>("/api/v1/auth/register", post_register)
        .summary("Register: a login, its first workspace and its owner")
        .open()
        .max_body(max_sign_in)
        .status(201)
        .fails_with({Errc::email_taken, Errc::invalid_email});
    routes.post<LogIn, SignedIn>("/api/v1/auth/login", post_login)
        .summary("Log in with an e-mail address and a password")
        .open()
        .max_body(max_sign_in)
        .fails_with({Errc::invalid_credentials});
    routes.post<LogIn, BrowserSession>("/api/v1/auth/cookie", post_cookie)
        .summary("Log in a browser: the session is a cookie that no script can read")
        .describe("For pages served from Hermod's own origin. The request carries the header "
                  "`Hermod-CSRF: 1`, and so does every later one that changes something.")
        .open()
        .max_body(max_sign_in)
        .fails_with({Errc::invalid_credentials, Errc::csrf_refused});
    routes.post<Refresh, SignedIn>("/api/v1/auth/refresh", post_refresh)
        .summary("Go on with a session")
        .describe("A refresh token is good once: the answer has the next one. Whose answer got "
                  "lost may ask again within a minute. Later use of an old token ends the "
                  "session, as somebody else may have it.")
        .open()
        .max_body(max_sign_in)
        .fails_with({Errc::unauthenticated});
    routes.post<net::Nothing, net::Nothing>("/api/v1/auth/logout", post_logout)
        .summary("End the session")
        .across_workspaces()
        .fails_with({Errc::forbidden});
    routes.post<net::Nothing, StreamTicket>("/api/v1/auth/stream_ticket", post_stream_ticket)
        .summary("Get a ticket that opens one stream within 30 seconds")
        .describe("For an EventSource or WebSocket of a browser, which cannot send headers: "
                  "`?ticket=`. A stream asked for with a used ticket answers 204, which ends an "
                  "EventSource; open the next one with a new ticket.")
        .across_workspaces()
        .for_people()
        .status(201);
}

void add_auth_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes<Deps> routes{router, deps, "auth"};
    add_sign_in_routes(routes);
    routes.get<Me>("/api/v1/me", get_me)
        .summary("Who the credentials of the request are")
        .across_workspaces()
        .for_people();
    routes.patch<UpdateMe, Me>("/api/v1/me", patch_me)
        .summary("Change one's name or password")
        .describe("A new password needs the old one, and ends every other session.")
        .across_workspaces()
        .fails_with({Errc::forbidden});
    routes.get<net::Page<Session>>("/api/v1/me/sessions", get_sessions)
        .summary("List one's sessions, newest first")
        .across_workspaces();
    routes.del("/api/v1/me/sessions/{session_id}", delete_session)
        .summary("End one of one's sessions")
        .across_workspaces();
}

}
