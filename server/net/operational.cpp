#include "net/operational.hpp"

#include "base/crypto.hpp"
#include "net/openapi.hpp"

namespace hermod::net {

static Task<Reply> healthz(Operational&, Caller const&, Request const&)
{
    co_return Reply{200, "application/json", R"({"status":"ok"})", {}};
}

static Task<Reply> readyz(Operational& operational, Caller const&, Request const&)
{
    if (operational.draining)
        throw Problem{Errc::draining};
    co_await operational.check_ready();
    auto const held = operational.is_held && operational.is_held();
    co_return Reply{200, "application/json",
        held ? R"({"status":"ready","held":true})" : R"({"status":"ready"})", {}};
}

static Task<Reply> metrics(Operational& operational, Caller const&, Request const&)
{
    co_return Reply{
        200, "text/plain; version=0.0.4; charset=utf-8", operational.metrics.text(), {}};
}

static Task<Reply> openapi(Operational& operational, Caller const&, Request const&)
{
    std::call_once(operational.described,
        [&] { operational.openapi = pretty_json(openapi_document(operational.router)); });
    co_return Reply{200, "application/json", operational.openapi,
        {{"Access-Control-Allow-Origin", "*"}, {"Cross-Origin-Resource-Policy", "cross-origin"}}};
}

static Task<Reply> docs(Operational&, Caller const&, Request const&)
{
    static auto const policy = [] {
        auto const hash = sha256(docs_script());
        return "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; "
               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; script-src 'sha256-"
            + to_base64(as_text(hash)) + "'";
    }();
    co_return Reply{200, "text/html; charset=utf-8", std::string{docs_page()},
        {{"Content-Security-Policy", policy}}};
}

/// Whoever opens the server's address in a browser finds what it is.
static Task<Reply> to_docs(Operational&, Caller const&, Request const&)
{
    co_return Reply{302, "text/plain; charset=utf-8", "See /docs\n", {{"Location", "/docs"}}};
}

void add_operational_routes(Router& router, Operational& operational)
{
    FeatureRoutes<Operational> routes{router, operational, {}};
    routes.get<Nothing>("/healthz", healthz).status(200).open();
    routes.get<Nothing>("/readyz", readyz).status(200).open();
    routes.get<Nothing>("/health", readyz).status(200).open();
    routes.get<Nothing>("/metrics", metrics).status(200).open();
    routes.get<Nothing>("/openapi.json", openapi).status(200).open();
    routes.get<Nothing>("/docs", docs).status(200).open();
    routes.get<Nothing>("/", to_docs).status(302).open();
    routes.get<Nothing>("/api/v1", to_docs).status(302).open();
}

}
