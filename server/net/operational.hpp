#pragma once

#include "base/metrics.hpp"
#include "net/router.hpp"

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

namespace hermod::net {

/// What the operator's routes need; must outlive the router's handlers.
struct Operational {
    Metrics& metrics;
    Router const& router;
    /// Throws a Problem where requests could not be served, for instance without a database.
    std::function<Task<void>()> check_ready;
    /// Whether nothing is sent for now: requests are served all the same, and `/readyz` says so.
    std::function<bool()> is_held{};
    std::atomic<bool> draining = false; ///< set on shutdown: load balancers then look elsewhere

    std::once_flag described{};
    std::string openapi{}; ///< made when it is first asked for
};

/// `/healthz` (the process runs), `/readyz` and `/health` (it can serve), `/metrics`,
/// `/openapi.json`, `/docs`. They need no credentials, have no limit and are not in the document.
void add_operational_routes(Router& router, Operational& operational);

/// The page that shows the document; its only script is the one in it.
std::string_view docs_page();
std::string_view docs_script();

}
