#include "base/sleep.hpp"

#include <boost/asio/this_coro.hpp>

namespace hermod {

Task<void> sleep_for(Clock& clock, microseconds interval)
{
    auto const executor = co_await asio::this_coro::executor;
    Wakeup wakeup{executor.context(), clock};
    auto const deadline = clock.steady() + interval;
    for (auto now = clock.steady(); now < deadline; now = clock.steady())
        // Of this wait alone: it is over after as long whatever wall time says then.
        co_await wakeup.wait_until(clock.now() + std::chrono::ceil<microseconds>(deadline - now));
}

}
