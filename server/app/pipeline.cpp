#include "app/pipeline.hpp"

namespace hermod::app {

// What happens to a request, in order (net::Pipeline); a security reviewer begins here.
//
//   count it              first, so that refused requests are counted too
//   give it an id         before anything that logs
//   find its client       behind a trusted proxy; before limits by address
//   let its origin in     what a browser is told with every answer, good or bad
//   find its route        the route says how large a body may be, and who may call
//   limit its address     on routes that need no credentials
//   authenticate          sets the Caller, hence the workspace; where the address has brought too
//                         many bad credentials, unknown ones are looked up one at a time, and
//                         known ones go on
//   limit the caller,     one caller's flood stays that caller's, and one tenant's that tenant's
//   then the workspace
//   check the scope       before the body is read
//   check query and type  what the head alone gets wrong; only now is a body waited for, and a
//                         client that asks first (Expect: 100-continue) told to send it
//   read the body         at most what the route takes, no slower than the least rate
//   parse the body        without exceptions: bad input comes in floods; a route that takes a
//                         stream reads and checks it itself
//   handle                the use case; a Problem it throws becomes the answer
//   compress              where that tells an onlooker nothing
//   write it              with what holds for every answer: nothing keeps, frames or sniffs it
//   log it                where log.access asks for it: the route's pattern, never the path

/// A minute's worth may come at once; after that it is a steady rate.
static net::RateLimit per_minute(int requests)
{
    return {.per_second = requests / 60.0, .burst = static_cast<double>(requests)};
}

static net::TrustedProxies trusted_proxies(NetConfig const& config)
{
    std::vector<net::Network> networks;
    for (auto const& text : config.trusted_proxies)
        if (auto const network = net::Network::parse(text)) // settings.cpp refused all others
            networks.push_back(*network);
    return {std::move(networks), config.forwarded_header};
}

net::PipelineOptions pipeline_options(Config const& config)
{
    auto const& limits = config.net.rate_limit;
    return {
        .per_address = per_minute(limits.per_address),
        .per_caller = per_minute(limits.per_key),
        .per_workspace = per_minute(limits.per_workspace),
        .remember_idempotent = config.idempotency.keep,
        .proxies = trusted_proxies(config.net),
        .cors_origins = config.net.cors_origins,
        .hsts = config.net.hsts,
        .compress = config.net.compress,
        .access_log = config.log.access,
    };
}

net::HttpOptions http_options(Config const& config, net::TlsIdentity const* tls)
{
    return {
        .listen = config.listen.str(),
        .tls = tls,
        .head = {},
        .max_connections = static_cast<std::size_t>(config.net.max_connections),
        .head_time = config.net.header_timeout,
        .idle_time = config.net.idle_timeout,
        .grace_time = config.net.body_timeout,
    };
}

}
