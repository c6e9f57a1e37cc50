#include "app/testing_clock.hpp"

namespace hermod::app {

/// At most a year at once, back or forth.
static constexpr std::int64_t furthest = 366LL * 24 * 3600 * 1000;

struct AdvanceClock {
    Int<-furthest, furthest> advance_ms;
};
BOOST_DESCRIBE_STRUCT(AdvanceClock, (), (advance_ms))

static FieldTexts field_texts(AdvanceClock const*)
{
    static constexpr auto texts =
        describe<AdvanceClock>({{"advance_ms", "How far to move the server's time"}});
    return texts;
}

struct ClockReading {
    Timestamp now;
};
BOOST_DESCRIBE_STRUCT(ClockReading, (), (now))

static FieldTexts field_texts(ClockReading const*)
{
    static constexpr auto texts = describe<ClockReading>({{"now", "The server's time"}});
    return texts;
}

static Task<net::Reply> post_clock(ClockDeps& deps, Caller const&, net::Request const& request)
{
    deps.clock.advance(milliseconds{request.body_as<AdvanceClock>().advance_ms.value});
    co_return net::ok(ClockReading{deps.clock.now()});
}

void add_testing_clock(net::Router& router, ClockDeps& deps)
{
    net::FeatureRoutes routes{router, deps, "testing"};
    routes.post<AdvanceClock, ClockReading>("/api/v1/testing/clock", post_clock)
        .open()
        .status(200)
        .summary("Move the server's clock, in tests");
}

}
