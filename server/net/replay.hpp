#pragma once

#include <exception>
#include <string>
#include <utility>

namespace hermod::net {

/// Thrown by what keeps the answers of idempotent requests, where this request was answered before:
/// the pipeline then sends that answer again, with `Idempotent-Replayed: true`.
class ReplayedReply : public std::exception {
public:
    ReplayedReply(int status, std::string body) : status(status), body(std::move(body)) { }
    char const* what() const noexcept override { return "a reply given before"; }

    int status;
    std::string body; ///< JSON; empty for 204
};

/// Thrown where a stream ticket was used before: the pipeline answers 204, which ends an
/// EventSource that would otherwise reconnect for ever.
class StreamEnded : public std::exception {
public:
    char const* what() const noexcept override { return "a stream ticket that was used"; }
};

}
