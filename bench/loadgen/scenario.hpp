#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hermod::bench {

/// What to ask of whom: POST requests with a text of fixed length, to each path in turn.
struct Scenario {
    std::string host; ///< an IPv4 address
    std::uint16_t port = 0;
    std::vector<std::string> paths;
    std::vector<std::pair<std::string, std::string>> headers;
    std::size_t text_bytes = 200;
    bool client_ids = false; ///< each message carries a `client_id` of its own
};

/// From a JSON file with the members of Scenario; `headers` is an object.
Scenario read_scenario(std::string const& path);

/// The scenario's requests, rendered once: only numbers change from one to the next.
class Requests {
public:
    explicit Requests(Scenario const& scenario);

    /// The next request, never twice the same. Valid until the next call.
    std::string const& next();

private:
    struct Request {
        std::string text;
        std::vector<std::size_t> number_ends;
    };
    std::vector<Request> requests_;
    std::uint64_t number_ = 0;
};

}
