#pragma once

#include "net/caller.hpp"
#include "net/query.hpp"
#include "net/request.hpp"

#include <expected>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {

/// A route without a request body, or without an answer's body.
struct Nothing { };

/// Who may call a route.
enum class Auth { required, none };

/// One route: its registration is its entry in the OpenAPI document.
struct Route {
    using Handler = std::function<Task<Reply>(Caller const&, Request const&)>;
    using SchemaOf = json::object (*)(Schemas&);

    Method method;
    std::string path; ///< `/api/v1/people/{person_id}`
    std::string tag; ///< the area: the feature's folder
    std::string summary;
    std::string description;
    std::string scope; ///< empty: any authenticated caller
    std::string people_scope{}; ///< of a person's own token; empty: `scope`
    bool for_people = false; ///< also for app users, by their own tokens
    bool for_pages = false; ///< also for pages, by a publishable key
    bool takes_ticket = false; ///< `?ticket=` stands for credentials
    Auth auth = Auth::required;
    bool in_workspace = true; ///< false: a login with several need not say which
    int success = 200;
    std::optional<int>
        other_success{}; ///< of the same body, 201 where a PUT made something; or 204
    std::vector<Errc> failures;
    std::size_t max_body = 1 << 20;
    std::string stream_type; ///< the media type of a body that the handler reads itself
    std::string reply_type; ///< of an answer that is not JSON
    SchemaOf body_schema = nullptr; ///< none where the route takes no body
    SchemaOf reply_schema = nullptr; ///< none where it answers 204
    std::vector<QueryField> query_fields;
    /// Parses the body or query into the request; the problem where it does not fit.
    std::expected<void, Problem> (*parse_body)(Request&) = nullptr;
    std::expected<void, Problem> (*parse_query)(Request&) = nullptr;
    Handler handler;
    std::size_t index = 0; ///< its place in the router, set by it
};

/// What a registration returns, to say the rest.
class RouteBuilder {
public:
    explicit RouteBuilder(Route& route) : route_(&route) { }
    RouteBuilder& summary(std::string text);
    RouteBuilder& describe(std::string text);
    RouteBuilder& scope(std::string name);
    RouteBuilder& open(); ///< needs no credentials
    /// Also for app users, who see and do what is their own there; nothing is theirs unless said.
    /// With another scope than the team needs, where one is named.
    RouteBuilder& for_people(std::string scope = {});
    RouteBuilder& for_pages(); ///< also for a publishable key
    RouteBuilder& takes_ticket(); ///< also by `?ticket=`: a stream, which ends with 204
    RouteBuilder& across_workspaces(); ///< the caller's workspace may be nil
    RouteBuilder& status(int success);
    RouteBuilder& or_status(int other_success);
    RouteBuilder& max_body(std::size_t bytes);
    /// The handler reads the body itself, from `request.stream`; it may be of any other type too,
    /// which the handler checks. An Idempotency-Key holds for a body read to its end before the
    /// first write.
    RouteBuilder& takes_stream(std::string media_type, std::size_t max_bytes);
    RouteBuilder& gives(std::string media_type); ///< an answer that is not JSON
    RouteBuilder& fails_with(std::initializer_list<Errc> codes);
    template <class Query>
    RouteBuilder& query()
    {
        route_->query_fields = query_fields_of<Query>();
        route_->parse_query = [](Request& request) -> std::expected<void, Problem> {
            auto parsed = read_query<Query>(request.query);
            if (!parsed)
                return std::unexpected(std::move(parsed.error()));
            request.parsed_query = *std::move(parsed);
            return {};
        };
        return *this;
    }

private:
    Route* route_;
};

class Router {
public:
    Router();
    ~Router();
    Router(Router&&) noexcept;

    Route& add(Route route);
    std::vector<std::unique_ptr<Route>> const& routes() const { return routes_; }

    /// A schema of what a request holds as free-form JSON: in the document under this name, for
    /// descriptions to point to.
    struct NamedSchema {
        std::string name;
        Route::SchemaOf schema;
    };
    void document(std::string name, Route::SchemaOf schema);
    std::vector<NamedSchema> const& documented() const { return documented_; }

    struct Match {
        Route const* route = nullptr; ///< none: see `allowed`
        std::vector<Method> allowed; ///< methods of the path, for 405; empty: 404
    };
    /// Sets `request.path_values` where a route matches. Literal segments win over `{…}`.
    Match find(Request& request) const;
    /// Those of the path, one per method, for OPTIONS.
    std::vector<Route const*> routes_of(std::string_view path) const;

private:
    struct Tree;
    std::vector<std::unique_ptr<Route>> routes_;
    std::vector<NamedSchema> documented_;
    std::unique_ptr<Tree> tree_;
};

/// The routes of one feature: binds `deps` to handlers of the form
/// `Task<Reply> handler(Deps&, Caller const&, Request const&)`.
template <class Deps>
class FeatureRoutes {
public:
    using HandlerFunction = Task<Reply> (*)(Deps&, Caller const&, Request const&);

    FeatureRoutes(Router& router, Deps& deps, std::string tag)
        : router_(&router), deps_(&deps), tag_(std::move(tag))
    {
    }

    template <class Out>
    RouteBuilder get(std::string path, HandlerFunction handler)
    {
        return add<Nothing, Out>(Method::get, std::move(path), handler);
    }
    template <class In, class Out>
    RouteBuilder post(std::string path, HandlerFunction handler)
    {
        return add<In, Out>(Method::post, std::move(path), handler);
    }
    template <class In, class Out>
    RouteBuilder put(std::string path, HandlerFunction handler)
    {
        return add<In, Out>(Method::put, std::move(path), handler);
    }
    template <class In, class Out>
    RouteBuilder patch(std::string path, HandlerFunction handler)
    {
        return add<In, Out>(Method::patch, std::move(path), handler);
    }
    template <class Out = Nothing>
    RouteBuilder del(std::string path, HandlerFunction handler)
    {
        return add<Nothing, Out>(Method::del, std::move(path), handler);
    }

private:
    template <class In, class Out>
    RouteBuilder add(Method method, std::string path, HandlerFunction handler)
    {
        Route route{.method = method,
            .path = std::move(path),
            .tag = tag_,
            .summary = {},
            .description = {},
            .scope = {},
            .failures = {},
            .stream_type = {},
            .reply_type = {},
            .query_fields = {},
            .handler = {}};
        if constexpr (!std::is_same_v<In, Nothing>) {
            route.body_schema = &Codec<In>::schema;
            route.parse_body = [](Request& request) -> std::expected<void, Problem> {
                auto parsed = read_json<In>(request.body);
                if (!parsed)
                    return std::unexpected(std::move(parsed.error()));
                request.parsed_body = *std::move(parsed);
                return {};
            };
        }
        if constexpr (std::is_same_v<Out, Nothing>)
            route.success = 204;
        else
            route.reply_schema = &Codec<Out>::schema;
        route.handler = [deps = deps_, handler](Caller const& caller, Request const& request) {
            return handler(*deps, caller, request);
        };
        return RouteBuilder{router_->add(std::move(route))};
    }

    Router* router_;
    Deps* deps_;
    std::string tag_;
};

}
