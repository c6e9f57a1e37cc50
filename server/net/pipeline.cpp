#include "net/pipeline.hpp"

#include "base/log.hpp"
#include "net/metrics.hpp"
#include "net/replay.hpp"
#include "net/route_ids.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>

namespace hermod::net {

std::string_view wire_name(Method method)
{
    switch (method) {
    case Method::get:
        return "GET";
    case Method::post:
        return "POST";
    case Method::put:
        return "PUT";
    case Method::patch:
        return "PATCH";
    case Method::del:
        return "DELETE";
    }
    return {};
}

std::vector<Errc> common_failures(Route const& route)
{
    std::vector<Errc> codes{Errc::malformed_request, Errc::request_timeout, Errc::body_too_large,
        Errc::rate_limited, Errc::internal, Errc::overloaded, Errc::storage_unavailable,
        Errc::draining};
    if (route.auth == Auth::required)
        codes.insert(codes.end(),
            {Errc::unauthenticated, Errc::workspace_required, Errc::workspace_not_found,
                Errc::forbidden, Errc::csrf_refused});
    if (route.for_pages)
        codes.push_back(Errc::origin_refused);
    if (!route.scope.empty())
        codes.push_back(Errc::missing_scope);
    if (route.parse_query || !route.tag.empty())
        codes.push_back(Errc::invalid_query);
    if (route.parse_body)
        codes.insert(
            codes.end(), {Errc::malformed_json, Errc::invalid_body, Errc::unsupported_media_type});
    if (!route.stream_type.empty())
        codes.push_back(Errc::unsupported_media_type);
    if (route.method == Method::post && route.auth == Auth::required)
        codes.push_back(Errc::idempotency_key_reused);
    return codes;
}

ErrcSet possible_failures(Route const& route)
{
    ErrcSet set;
    for (auto const code : common_failures(route))
        set.set(static_cast<std::size_t>(code));
    for (auto const code : route.failures)
        set.set(static_cast<std::size_t>(code));
    for (auto const& id : ids_in_path(route.path))
        set.set(static_cast<std::size_t>(id.not_found));
    return set;
}

/// One route's counters; those of a status are made when it is first answered.
class Pipeline::RouteMetrics {
public:
    RouteMetrics(Metrics& metrics, std::string label)
        : metrics_(metrics)
        , label_(std::move(label))
        , latency_(metrics.histogram(
              metric::request_seconds.name, metric::request_seconds.help, {{"route", label_}}))
    {
    }

    void answered(int status, std::chrono::duration<double> took)
    {
        latency_.observe(took.count());
        auto& slot = by_status_[static_cast<std::size_t>(std::clamp(status, 100, 599) - 100)];
        if (auto const* const counter = slot.load(std::memory_order_acquire))
            return counter->add();
        std::lock_guard const lock{mutex_};
        auto& made =
            made_.emplace_back(std::make_unique<Counter>(metrics_.counter(metric::requests.name,
                metric::requests.help, {{"route", label_}, {"status", std::to_string(status)}})));
        slot.store(made.get(), std::memory_order_release);
        made->add();
    }

private:
    Metrics& metrics_;
    std::string label_;
    Histogram latency_;
    std::array<std::atomic<Counter const*>, 500> by_status_{};
    std::mutex mutex_;
    std::vector<std::unique_ptr<Counter>> made_;
};

Pipeline::Pipeline(Router const& router, Authenticator& authenticator, Clock& clock,
    Metrics& metrics, PipelineOptions options)
    : router_(router)
    , authenticator_(authenticator)
    , clock_(clock)
    , options_(std::move(options))
    , cors_(options_.cors_origins)
    , hsts_line_(options_.hsts.count() == 0 ? std::string{}
                                            : "Strict-Transport-Security: max-age="
                  + std::to_string(options_.hsts.count()) + "\r\n")
    , by_address_(clock, options_.max_rate_keys)
    , by_caller_(clock, options_.max_rate_keys)
    , by_workspace_(clock, options_.max_rate_keys)
    , in_flight_(metrics.gauge(metric::in_flight.name, metric::in_flight.help))
    , undeclared_counter_(metrics.counter(metric::undeclared.name, metric::undeclared.help))
{
    for (auto const& route : router.routes()) {
        by_route_.push_back(std::make_unique<RouteMetrics>(
            metrics, std::string{wire_name(route->method)} + " " + route->path));
        possible_.push_back(possible_failures(*route));
    }
    by_route_.push_back(std::make_unique<RouteMetrics>(metrics, "none"));
}

Pipeline::~Pipeline() = default;

Pipeline::RouteMetrics& Pipeline::metrics_of(Exchange const& exchange)
{
    return *(exchange.route ? by_route_[exchange.route->index] : by_route_.back());
}

static bool is_request_id(std::string_view text)
{
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
            || c == '.' || c == '_' || c == '-';
    });
}

/// The client's, so that it can follow a request through its own systems and ours; else a new one.
static void assign_request_id(Request& request)
{
    thread_local auto const prefix = "req_" + random_token(9);
    thread_local std::int64_t count = 0;
    if (auto const theirs = request.header("x-request-id"); is_request_id(theirs)) {
        request.request_id.assign(theirs);
        return;
    }
    request.request_id.assign(prefix).push_back('.');
    append_integer(request.request_id, ++count);
}

static std::string allow_header(std::vector<Method> const& methods)
{
    std::string text;
    for (auto const method : methods) {
        text.append(wire_name(method)).append(", ");
        if (method == Method::get)
            text += "HEAD, ";
    }
    return text + "OPTIONS";
}

Reply Pipeline::options_reply(Exchange& exchange) const
{
    auto reply = no_content();
    auto const& request = exchange.request;
    auto const routes = router_.routes_of(request.path);
    std::vector<Method> methods{Method::get, Method::post, Method::put, Method::patch, Method::del};
    if (request.path != "*") {
        methods.clear();
        std::ranges::transform(routes, std::back_inserter(methods), &Route::method);
    }
    if (methods.empty())
        return problem_reply(Problem{Errc::route_not_found}, request.request_id);
    auto const asked = request.header("access-control-request-method");
    auto const for_pages = std::ranges::any_of(routes,
        [&](Route const* route) { return route->for_pages && wire_name(route->method) == asked; });
    if (for_pages)
        exchange.cors_lines = cors_.lines_for_pages(request.header("origin"));
    auto const allowed = allow_header(methods);
    reply.headers.emplace_back("Allow", allowed);
    if (cors_.is_preflight(request, for_pages))
        for (auto& header : Cors::preflight_headers(allowed))
            reply.headers.push_back(std::move(header));
    return reply;
}

/// What this client's browser is told with every answer, good or bad.
void Pipeline::set_policies(Exchange& exchange) const
{
    exchange.cors_lines = cors_.lines_for(exchange.request.header("origin"));
    if (exchange.request.secure)
        exchange.hsts_line = hsts_line_;
}

std::optional<Reply> Pipeline::begin(Exchange& exchange)
{
    in_flight_.add(1);
    auto& request = exchange.request;
    assign_request_id(request);
    options_.proxies.apply(request);
    set_policies(exchange);
    if (exchange.head.kind == Head::Kind::options)
        return options_reply(exchange);
    auto const match = router_.find(request);
    if (!match.route && match.allowed.empty())
        return failure(exchange, Problem{Errc::route_not_found});
    if (!match.route) {
        auto reply = failure(exchange, Problem{Errc::method_not_allowed});
        reply.headers.emplace_back("Allow", allow_header(match.allowed));
        return reply;
    }
    exchange.route = match.route;
    if (match.route->tag.empty()) // the operator's routes are for no one's pages
        exchange.cors_lines = {};
    if (match.route->for_pages)
        exchange.cors_lines = cors_.lines_for_pages(request.header("origin"));
    exchange.max_body = match.route->max_body;
    if (exchange.head.content_length > exchange.max_body)
        return failure(exchange, Problem{Errc::body_too_large});
    if (auto const problem = limit_open(exchange))
        return failure(exchange, *problem);
    return std::nullopt;
}

/// What a route is not for is refused whatever the scopes say.
static std::optional<Problem> refuse_caller(Caller const& caller, Route const& route)
{
    auto const is_person = caller.kind == Caller::Kind::person;
    if (is_person && !route.for_people)
        return Problem{Errc::forbidden, "a person's token does not open this route"};
    if (caller.kind == Caller::Kind::publishable && !route.for_pages)
        return Problem{Errc::forbidden, "a publishable key does not open this route"};
    auto const& scope = is_person && !route.people_scope.empty() ? route.people_scope : route.scope;
    if (!scope.empty() && !caller.has_scope(scope))
        return Problem{Errc::missing_scope, "the route needs the scope " + scope};
    return std::nullopt;
}

Task<std::optional<Problem>> Pipeline::admit(Exchange& exchange)
{
    auto const& route = *exchange.route;
    if (route.auth == Auth::none) {
        auto& anonymous = exchange.caller.emplace();
        anonymous.request_id = exchange.request.request_id;
        anonymous.remote_address = exchange.request.remote_address;
        co_return std::nullopt;
    }
    auto caller = co_await authenticate(exchange);
    if (!caller)
        co_return std::move(caller.error());
    exchange.caller = *std::move(caller);
    exchange.caller->request_id = exchange.request.request_id;
    exchange.caller->remote_address = exchange.request.remote_address;
    if (auto limited = limit_workspace(exchange))
        co_return limited;
    co_return refuse_caller(*exchange.caller, route);
}

/// `application/json`, with parameters or not; nothing at all is taken for it too.
static bool is_json(std::string_view content_type)
{
    auto const type = trim(content_type.substr(0, content_type.find(';')));
    return content_type.empty() || to_lower(type) == "application/json";
}

static std::optional<Problem> read_idempotency_key(
    Request const& request, Caller& caller, seconds remember)
{
    auto const key = request.header("idempotency-key");
    if (key.empty())
        return std::nullopt;
    if (key.size() > 255 || !std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7F; }))
        return Problem{
            Errc::malformed_request, "Idempotency-Key must be 1 to 255 visible ASCII characters"};
    caller.idempotency =
        IdempotencyUse{std::string{key}, "POST " + request.path, sha256(request.body), remember};
    return std::nullopt;
}

/// What can be said of a request without its body, so that one in vain is never sent.
std::optional<Problem> Pipeline::check_head(Exchange& exchange)
{
    auto& request = exchange.request;
    auto const& route = *exchange.route;
    if (route.parse_query) {
        if (auto parsed = route.parse_query(request); !parsed)
            return std::move(parsed.error());
    } else if (!request.query.empty() && !route.tag.empty()) {
        // A route of the API describes all of its input.
        return Problem{
            Errc::invalid_query, {}, {{request.query.front().first, "is not a known parameter"}}};
    }
    if (route.parse_body && !is_json(request.header("content-type")))
        return Problem{Errc::unsupported_media_type, "the body must be application/json"};
    return std::nullopt;
}

std::optional<Problem> Pipeline::prepare(Exchange& exchange)
{
    auto& request = exchange.request;
    auto const& route = *exchange.route;
    if (route.parse_body)
        if (auto parsed = route.parse_body(request); !parsed)
            return std::move(parsed.error());
    if (route.method == Method::post)
        return read_idempotency_key(request, *exchange.caller, options_.remember_idempotent);
    return std::nullopt;
}

Task<std::optional<Reply>> Pipeline::before_body(Exchange& exchange)
{
    try {
        auto problem = co_await admit(exchange);
        if (!problem)
            problem = check_head(exchange);
        if (problem)
            co_return failure(exchange, *problem);
    } catch (...) {
        co_return failure_of_current_exception(exchange);
    }
    co_return std::nullopt;
}

Task<Reply> Pipeline::handle(Exchange& exchange)
{
    try {
        std::optional<Problem> problem;
        if (!exchange.caller) {
            problem = co_await admit(exchange);
            if (!problem)
                problem = check_head(exchange);
        }
        if (!problem)
            problem = prepare(exchange);
        if (problem)
            co_return failure(exchange, *problem);
        auto reply = co_await exchange.route->handler(*exchange.caller, exchange.request);
        if (options_.compress)
            co_await compress(exchange, reply);
        co_return reply;
    } catch (...) {
        co_return failure_of_current_exception(exchange);
    }
}

std::string workspace_of(Exchange const& exchange)
{
    auto const known = exchange.caller && !exchange.caller->workspace.is_nil();
    return known ? exchange.caller->workspace.str() : std::string{};
}

Reply Pipeline::failure(Exchange& exchange, Problem const& problem)
{
    auto reply = problem_reply(problem, exchange.request.request_id);
    if (reply.status == 401)
        reply.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (exchange.route
        && !possible_[exchange.route->index][static_cast<std::size_t>(problem.code)]) {
        ++undeclared_;
        undeclared_counter_.add();
        log::error("a route failed with a code it does not declare",
            {{"route", exchange.route->path}, {"code", info(problem.code).name},
                {"request_id", exchange.request.request_id}});
    }
    if (reply.status >= 500)
        log::warn("request failed",
            {{"code", info(problem.code).name}, {"detail", problem.detail},
                {"request_id", exchange.request.request_id},
                {"workspace", workspace_of(exchange)}});
    return reply;
}

/// Called inside a catch block.
Reply Pipeline::failure_of_current_exception(Exchange& exchange)
{
    try {
        throw;
    } catch (Problem const& problem) {
        return failure(exchange, problem);
    } catch (ReplayedReply const& earlier) {
        return {earlier.status, earlier.body.empty() ? "" : "application/json", earlier.body,
            {{"Idempotent-Replayed", "true"}}};
    } catch (StreamEnded const&) {
        return no_content();
    } catch (boost::system::system_error const& e) {
        // The server is going down and cancelled what the handler waited for.
        if (e.code() == boost::asio::error::operation_aborted)
            return failure(exchange, Problem{Errc::draining});
        return failure(exchange, Problem{Errc::internal, e.what()});
    } catch (std::exception const& e) {
        return failure(exchange, Problem{Errc::internal, e.what()});
    } catch (...) {
        return failure(exchange, Problem{Errc::internal, "an exception of unknown type"});
    }
}

Reply Pipeline::refuse(Exchange& exchange, Problem const& problem)
{
    // Amid a body the request has been counted; of what has no head, nothing is known.
    if (!exchange.route) {
        in_flight_.add(1);
        assign_request_id(exchange.request);
        set_policies(exchange);
    }
    return failure(exchange, problem);
}

void Pipeline::end(Exchange& exchange, Reply const& reply)
{
    in_flight_.add(-1);
    auto const took = clock_.steady() - exchange.began;
    metrics_of(exchange).answered(reply.status, took);
    if (options_.access_log)
        log_access(exchange, reply.status, std::chrono::duration_cast<microseconds>(took));
    if (log::enabled(log::Level::debug))
        log::debug("answered",
            {{"request_id", exchange.request.request_id},
                {"method", wire_name(exchange.request.method)}, {"path", exchange.request.path},
                {"status", reply.status},
                {"us",
                    static_cast<std::int64_t>(
                        std::chrono::duration_cast<microseconds>(took).count())}});
}

void Pipeline::abandon(Exchange& exchange)
{
    in_flight_.add(-1);
    auto const took = clock_.steady() - exchange.began;
    if (options_.access_log) // as for what was answered; no status: there was no answer
        log_access(exchange, 0, std::chrono::duration_cast<microseconds>(took));
}

}
