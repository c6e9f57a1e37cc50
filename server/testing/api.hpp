#pragma once

#include "base/codec.hpp"
#include "base/metrics.hpp"
#include "net/pipeline.hpp"
#include "net/uri.hpp"

#include <boost/json/parse.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hermod::testing {

/// The answer of one request.
struct Answer {
    int status = 0;
    json::value body; ///< null where there is none
    net::Pairs headers;

    /// The problem's code, empty where it went well.
    std::string code() const { return text("code"); }
    /// A field of the answer; nested ones by `a/b/0`.
    std::string text(std::string_view path) const
    {
        auto const* const value = find(path);
        return value && value->is_string() ? std::string{value->get_string()} : std::string{};
    }
    json::value const* find(std::string_view path) const
    {
        boost::system::error_code error;
        auto const pointer = '/' + std::string{path};
        return body.find_pointer(pointer, error);
    }
    std::string header(std::string_view name) const
    {
        for (auto const& [key, value] : headers)
            if (key == name)
                return value;
        return {};
    }
};

/// Sends requests through the real pipeline to the routes of a feature, without a socket. All
/// routes must be added before the first call.
class Api {
public:
    Api(Clock& clock, Metrics& metrics, asio::io_context& io)
        : clock_(clock), metrics_(metrics), io_(io)
    {
    }

    net::Router router;
    Caller caller; ///< who asks, where no authenticator is set
    net::Authenticator* authenticator = nullptr;
    net::PipelineOptions options{.per_address = {}, .per_caller = {}, .per_workspace = {}};
    std::string remote_address = "10.0.0.1";

    Answer get(std::string_view target, net::Pairs headers = {})
    {
        return call(net::Method::get, target, {}, std::move(headers));
    }
    Answer post(std::string_view target, std::string body, net::Pairs headers = {})
    {
        return call(net::Method::post, target, std::move(body), std::move(headers));
    }
    Answer put(std::string_view target, std::string body, net::Pairs headers = {})
    {
        return call(net::Method::put, target, std::move(body), std::move(headers));
    }
    Answer patch(std::string_view target, std::string body, net::Pairs headers = {})
    {
        return call(net::Method::patch, target, std::move(body), std::move(headers));
    }
    Answer del(std::string_view target, net::Pairs headers = {})
    {
        return call(net::Method::del, target, {}, std::move(headers));
    }

    /// `target` is a path with or without `?query`.
    Answer call(
        net::Method method, std::string_view target, std::string body, net::Pairs headers = {})
    {
        if (!pipeline_)
            pipeline_ = std::make_unique<net::Pipeline>(
                router, authenticator ? *authenticator : given_, clock_, metrics_, options);
        net::Exchange exchange;
        auto& request = exchange.request;
        auto const mark = target.find('?');
        request.method = method;
        request.path = target.substr(0, mark);
        if (mark != std::string_view::npos)
            HERMOD_CHECK(net::parse_query_string(request.query, target.substr(mark + 1)));
        request.headers = std::move(headers);
        request.body = std::move(body);
        request.remote_address = remote_address;
        exchange.began = clock_.steady();
        auto reply = pipeline_->begin(exchange);
        if (!reply)
            run_blocking(
                io_, [&]() -> Task<void> { reply = co_await pipeline_->handle(exchange); });
        pipeline_->end(exchange, *reply);
        Answer answer{reply->status, {}, std::move(reply->headers)};
        if (!reply->body.empty())
            answer.body = json::parse(reply->body);
        return answer;
    }

    /// Codes that a route answered with without declaring them.
    std::size_t undeclared_failures() const
    {
        return pipeline_ ? pipeline_->undeclared_failures() : 0;
    }

private:
    struct Given final : net::Authenticator {
        explicit Given(Api& api) : api_(api) { }
        Task<std::expected<Caller, Problem>> authenticate(
            net::Request const&, net::Route const&) override
        {
            co_return api_.caller;
        }
        Api& api_;
    };

    Clock& clock_;
    Metrics& metrics_;
    asio::io_context& io_;
    Given given_{*this};
    std::unique_ptr<net::Pipeline> pipeline_;
};

/// A problem's wrong fields: `name: is required; age: …`.
inline std::string wrong_fields(Answer const& answer)
{
    std::string text;
    auto const* const errors = answer.find("errors");
    if (!errors || !errors->is_array())
        return text;
    for (auto const& error : errors->get_array()) {
        if (!text.empty())
            text += "; ";
        text += std::string_view{error.at("field").get_string()};
        text += ": ";
        text += std::string_view{error.at("message").get_string()};
    }
    return text;
}

}
