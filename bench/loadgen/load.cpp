#include "loadgen/load.hpp"

#include "loadgen/connection.hpp"
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <stdexcept>

namespace hermod::bench {

using std::chrono::steady_clock;

namespace {

class Load {
public:
    Load(Scenario const& scenario, std::size_t clients, Measurement& measurement)
        : scenario_(scenario)
        , requests_(scenario)
        , measurement_(measurement)
        , connections_(clients)
        , epoll_(epoll_create1(EPOLL_CLOEXEC))
    {
    }
    ~Load() { close(epoll_); }
    Load(Load const&) = delete;
    Load& operator=(Load const&) = delete;

    void run();

private:
    static constexpr std::uint64_t max_failures = 1000;

    void open(std::size_t client);
    void send_next(std::size_t client);
    void on_readable(std::size_t client);
    void count(Answer const& answer, Time sent_at);
    bool any_waits() const;

    Scenario const& scenario_;
    Requests requests_;
    Measurement& measurement_;
    std::vector<std::unique_ptr<Connection>> connections_;
    int epoll_;
    Time now_{};
};

}

void Load::open(std::size_t client)
{
    connections_[client] = std::make_unique<Connection>(scenario_);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = client;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[client]->descriptor(), &event) != 0)
        throw std::runtime_error{"epoll_ctl failed"};
}

void Load::send_next(std::size_t client)
{
    now_ = steady_clock::now();
    if (!measurement_.over())
        connections_[client]->send(requests_.next(), now_);
}

void Load::count(Answer const& answer, Time sent_at)
{
    if (answer.status >= 200 && answer.status < 300)
        return measurement_.accepted(sent_at, now_);
    measurement_.failed(fmt::format("{}: {}", answer.status, answer.body));
    if (measurement_.failures() > max_failures)
        throw std::runtime_error{fmt::format("too many failures: {}", answer.body)};
}

void Load::on_readable(std::size_t client)
{
    try {
        auto const answer = connections_[client]->receive();
        if (!answer)
            return;
        now_ = steady_clock::now();
        count(*answer, connections_[client]->sent_at());
        if (!answer->keeps_open)
            open(client);
    } catch (std::runtime_error const& failure) {
        measurement_.failed(failure.what());
        if (measurement_.failures() > max_failures)
            throw;
        open(client);
    }
    send_next(client);
}

bool Load::any_waits() const
{
    for (auto const& connection : connections_)
        if (connection->waits())
            return true;
    return false;
}

void Load::run()
{
    for (std::size_t client = 0; client < connections_.size(); ++client)
        open(client);
    for (std::size_t client = 0; client < connections_.size(); ++client)
        send_next(client);
    std::array<epoll_event, 256> ready{};
    Time give_up{};
    while (!measurement_.over() || (any_waits() && now_ < give_up)) {
        auto const count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), 5);
        if (count < 0 && errno != EINTR)
            throw std::runtime_error{"epoll_wait failed"};
        now_ = steady_clock::now();
        for (int i = 0; i < count; ++i)
            on_readable(ready[static_cast<std::size_t>(i)].data.u64);
        if (!measurement_.over() && !measurement_.advance(now_))
            give_up = now_ + std::chrono::seconds{10};
    }
    for (auto const& connection : connections_)
        if (connection->waits())
            measurement_.failed("no answer within 10 s of the end");
}

void run_load(Scenario const& scenario, std::size_t clients, Measurement& measurement)
{
    Load{scenario, clients, measurement}.run();
}

}
