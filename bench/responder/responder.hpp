#pragma once

#include "common/measurement.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace hermod::bench {

/// Receives webhooks: HTTP/1.1 on one loopback port, one path an endpoint (`/hook/N`). Each POST
/// is answered with 204 after the same delay, or never, where its endpoint is dead. A body tells
/// when its event was made, on this machine's monotonic clock: `"made_ns":N`, which JSON in a
/// string may have escaped. One thread.
class Responder {
public:
    Responder(std::uint16_t port, std::chrono::milliseconds delay, std::size_t dead_endpoints);
    ~Responder();
    Responder(Responder const&) = delete;
    Responder& operator=(Responder const&) = delete;

    /// Serves until standard input ends. A line `measure JSON` measures (Plan's fields, in ms) and
    /// prints a report of one line; a line `count` prints how many deliveries healthy endpoints
    /// had.
    void run();

private:
    struct Connection {
        int socket;
        std::uint64_t number; ///< tells it from an earlier one of the same descriptor
        std::string input;
    };
    struct Due {
        Time at;
        int socket;
        std::uint64_t number;
    };

    void accept_all();
    void on_readable(Connection& connection);
    /// Takes one whole request from the input. False: there is none yet.
    bool take_request(Connection& connection);
    void received(std::size_t endpoint, std::string_view body);
    void answer_due();
    void read_commands();
    void obey(std::string const& line);
    void close_connection(int socket);
    int wait_ms() const;

    std::chrono::milliseconds delay_;
    std::size_t dead_;
    int epoll_;
    int listener_;
    Time now_;
    std::uint64_t opened_ = 0;
    std::uint64_t received_ = 0;
    bool done_ = false;
    std::string commands_;
    std::unordered_map<int, std::unique_ptr<Connection>> connections_;
    std::deque<Due> due_;
    std::optional<Measurement> measurement_;
};

}
