#include "app/pipeline.hpp"

namespace hermod::app {

// What happens to a request, in order (net::Pipeline); a security reviewer begins here.
//
//   count it              first, so that refused requests are counted too
//   give it an id         before anything that logs
//   find its route        the route says how large a body may be, and who may call
//   limit its address     before a hash is spent on a token
//   authenticate          sets the Caller, hence the workspace
//   limit caller and      one tenant's flood stays that tenant's
//   workspace
//   check the scope       before the body is read
//   read the body         at most what the route takes, no slower than the least rate
//   parse query and body  without exceptions: bad input comes in floods
//   handle                the use case; a Problem it throws becomes the answer

/// A minute's worth may come at once; after that it is a steady rate.
static net::RateLimit per_minute(int requests)
{
    return {.per_second = requests / 60.0, .burst = static_cast<double>(requests)};
}

net::PipelineOptions pipeline_options(Config const& config)
{
    auto const& limits = config.net.rate_limit;
    return {
        .per_address = per_minute(limits.per_address),
        .per_caller = per_minute(limits.per_key),
        .per_workspace = per_minute(limits.per_workspace),
        .remember_idempotent = config.idempotency.keep,
    };
}

net::HttpOptions http_options(Config const& config)
{
    return {
        .listen = config.listen.str(),
        .head = {},
        .max_connections = static_cast<std::size_t>(config.net.max_connections),
        .head_time = config.net.header_timeout,
        .idle_time = config.net.idle_timeout,
        .grace_time = config.net.body_timeout,
    };
}

}
