#include "db/postgres/notifier.hpp"

#include "base/log.hpp"
#include "db/postgres/fixed_statements.hpp"
#include "db/postgres/open_session.hpp"
#include "db/postgres/wakeups.hpp"

#include <poll.h>
#include <pthread.h>

#include <algorithm>

namespace hermod::db::postgres {

using std::chrono::steady_clock;

static constexpr milliseconds first_pause{100};
static constexpr milliseconds longest_pause{5000};
// A connection that has silently died is found by asking over it.
static constexpr seconds ask_every{30};
static constexpr seconds answer_time{5};

Notifier::Notifier(std::string url, Uuid const& node, CommitListener& listener)
    : url_(std::move(url)), node_(node), listener_(listener)
{
}

Notifier::~Notifier()
{
    close();
}

void Notifier::start()
{
    thread_ = std::thread{[this] {
        pthread_setname_np(pthread_self(), "db-listener");
        run();
    }};
}

void Notifier::close()
{
    stop_.raise();
    if (thread_.joinable())
        thread_.join();
}

void Notifier::run()
{
    auto pause = first_pause;
    bool away = false;
    while (!stop_.raised()) {
        try {
            auto const connection = open_session(url_, "hermod listener", Use::listen, stop_);
            away = false;
            pause = first_pause;
            listen(*connection);
        } catch (std::exception const& failure) {
            if (!stop_.raised() && !std::exchange(away, true))
                log::warn("wake-ups of other nodes are not heard", {{"error", failure.what()}});
        }
        pollfd entry{stop_.fd(), POLLIN, 0};
        ::poll(&entry, 1, static_cast<int>(pause.count()));
        pause = std::min(pause * 2, longest_pause);
    }
}

void Notifier::listen(Connection& connection)
{
    while (!stop_.raised()) {
        connection.send(fixed().listen, {});
        connection.wait_for(connection.sync(), steady_clock::now() + answer_time);
        if (auto const refusal = connection.take_refusal())
            throw ConnectionLost{refusal->message};
        auto const ask_again = steady_clock::now() + ask_every;
        while (auto const heard = connection.wait_for_notification(stop_, ask_again)) {
            auto const wakeups = from_payload(heard->payload);
            if (wakeups && wakeups->node != node_)
                listener_.call(wakeups->wakes);
        }
    }
}

}
