#pragma once

#include "common/measurement.hpp"
#include "loadgen/scenario.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace hermod::bench {

/// An answer, by what a client needs of it.
struct Answer {
    int status;
    std::string_view body; ///< valid until the next read
    bool keeps_open;
};

/// A kept-open HTTP/1.1 connection with at most one request under way. Only answers with a
/// Content-Length are understood. Throws std::runtime_error where the server does anything else.
class Connection {
public:
    explicit Connection(Scenario const& scenario);
    ~Connection();
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    int descriptor() const { return fd_; }
    Time sent_at() const { return sent_at_; }
    bool waits() const { return waits_; }

    void send(std::string_view request, Time now);
    /// Reads what is there; nothing while the answer is not complete.
    std::optional<Answer> receive();

private:
    std::optional<Answer> parse();

    int fd_ = -1;
    bool waits_ = false;
    Time sent_at_{};
    std::size_t filled_ = 0;
    std::array<char, 16 * 1024> buffer_;
};

}
