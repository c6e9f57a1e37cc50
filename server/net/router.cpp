#include "net/router.hpp"

#include "net/uri.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace hermod::net {

RouteBuilder& RouteBuilder::summary(std::string text)
{
    route_->summary = std::move(text);
    return *this;
}
RouteBuilder& RouteBuilder::describe(std::string text)
{
    route_->description = std::move(text);
    return *this;
}
RouteBuilder& RouteBuilder::scope(std::string name)
{
    route_->scope = std::move(name);
    return *this;
}
RouteBuilder& RouteBuilder::open()
{
    route_->auth = Auth::none;
    return *this;
}
RouteBuilder& RouteBuilder::across_workspaces()
{
    route_->in_workspace = false;
    return *this;
}
RouteBuilder& RouteBuilder::status(int success)
{
    route_->success = success;
    return *this;
}
RouteBuilder& RouteBuilder::for_people(std::string scope)
{
    route_->for_people = true;
    route_->people_scope = std::move(scope);
    return *this;
}

RouteBuilder& RouteBuilder::for_pages()
{
    route_->for_pages = true;
    return *this;
}

RouteBuilder& RouteBuilder::takes_ticket()
{
    route_->takes_ticket = true;
    return or_status(204);
}

RouteBuilder& RouteBuilder::or_status(int other_success)
{
    route_->other_success = other_success;
    return *this;
}
RouteBuilder& RouteBuilder::max_body(std::size_t bytes)
{
    route_->max_body = bytes;
    return *this;
}
RouteBuilder& RouteBuilder::takes_stream(std::string media_type, std::size_t max_bytes)
{
    route_->stream_type = std::move(media_type);
    route_->max_body = max_bytes;
    return *this;
}
RouteBuilder& RouteBuilder::gives(std::string media_type)
{
    route_->reply_type = std::move(media_type);
    return *this;
}
RouteBuilder& RouteBuilder::fails_with(std::initializer_list<Errc> codes)
{
    route_->failures.insert(route_->failures.end(), codes.begin(), codes.end());
    return *this;
}

static constexpr std::size_t method_count = 5;
static constexpr std::size_t max_segments = 32;

using Segments = std::vector<std::string>;

struct Router::Tree {
    struct Leaf {
        Route const* route = nullptr;
        Segments names; ///< of the path's values, in order
    };

    std::map<std::string, std::unique_ptr<Tree>, std::less<>> literals;
    std::unique_ptr<Tree> value; ///< `{…}`: any one segment that is not empty
    std::array<Leaf, method_count> leaves;

    bool ends_here() const
    {
        return std::ranges::any_of(leaves, [](Leaf const& leaf) { return leaf.route != nullptr; });
    }

    std::vector<Route const*> routes() const
    {
        std::vector<Route const*> routes;
        for (auto const& leaf : leaves)
            if (leaf.route)
                routes.push_back(leaf.route);
        return routes;
    }

    /// The node of the path; `values` gets the segments that stand for a `{…}`. A literal that
    /// leads to no route gives way to `{…}`.
    Tree const* find(std::span<std::string_view const> path, std::vector<std::string_view>& values,
        std::string& decoded) const;
};

Router::Tree const* Router::Tree::find(std::span<std::string_view const> path,
    std::vector<std::string_view>& values, std::string& decoded) const
{
    if (path.empty())
        return ends_here() ? this : nullptr;
    auto name = path.front();
    if (name.find('%') != std::string_view::npos) {
        decoded.clear();
        if (!percent_decode(decoded, name))
            return nullptr;
        name = decoded;
    }
    if (auto const literal = literals.find(name); literal != literals.end())
        if (auto const* const found = literal->second->find(path.subspan(1), values, decoded))
            return found;
    if (!value || path.front().empty())
        return nullptr;
    auto const length = values.size();
    values.push_back(path.front());
    if (auto const* const found = value->find(path.subspan(1), values, decoded))
        return found;
    values.resize(length);
    return nullptr;
}

/// False where the path has too many segments to be one of ours.
static bool split_path(std::vector<std::string_view>& out, std::string_view path)
{
    out.clear();
    if (!path.starts_with('/'))
        return false;
    while (!path.empty()) {
        path.remove_prefix(1);
        auto const slash = std::min(path.find('/'), path.size());
        if (out.size() == max_segments)
            return false;
        out.push_back(path.substr(0, slash));
        path.remove_prefix(slash);
    }
    return true;
}

Router::Router() : tree_(std::make_unique<Tree>()) { }
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

void Router::document(std::string name, Route::SchemaOf schema)
{
    documented_.push_back({std::move(name), schema});
}

Route& Router::add(Route route)
{
    auto& added = *routes_.emplace_back(std::make_unique<Route>(std::move(route)));
    added.index = routes_.size() - 1;
    std::vector<std::string_view> segments;
    HERMOD_CHECK(split_path(segments, added.path));
    auto* node = tree_.get();
    Segments names;
    for (auto const segment : segments) {
        auto const is_value = segment.starts_with('{') && segment.ends_with('}');
        if (is_value)
            names.emplace_back(segment.substr(1, segment.size() - 2));
        auto& next = is_value ? node->value : node->literals[std::string{segment}];
        if (!next)
            next = std::make_unique<Tree>();
        node = next.get();
    }
    auto& leaf = node->leaves[static_cast<std::size_t>(added.method)];
    HERMOD_CHECK(leaf.route == nullptr); // one handler per method and path
    leaf = {&added, std::move(names)};
    return added;
}

Router::Match Router::find(Request& request) const
{
    thread_local std::vector<std::string_view> segments;
    thread_local std::vector<std::string_view> values;
    thread_local std::string decoded;
    request.path_values.clear();
    values.clear();
    if (!split_path(segments, request.path))
        return {};
    auto const* const node = tree_->find(segments, values, decoded);
    if (!node)
        return {};
    auto const& leaf = node->leaves[static_cast<std::size_t>(request.method)];
    Match match{leaf.route, {}};
    if (!leaf.route) {
        for (auto const* const other : node->routes())
            match.allowed.push_back(other->method);
        return match;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto& [name, value] = request.path_values.emplace_back(leaf.names[i], std::string{});
        if (!percent_decode(value, values[i]))
            return {};
    }
    return match;
}

std::vector<Route const*> Router::routes_of(std::string_view path) const
{
    std::vector<std::string_view> segments;
    std::vector<std::string_view> values;
    std::string decoded;
    if (!split_path(segments, path))
        return {};
    auto const* const node = tree_->find(segments, values, decoded);
    return node ? node->routes() : std::vector<Route const*>{};
}

}
