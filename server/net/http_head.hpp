#pragma once

#include "net/request.hpp"

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

namespace hermod::net {

/// What one request's head may be at most.
struct HeadLimits {
    std::size_t bytes = 16 * 1024;
    std::size_t target = 8 * 1024;
    std::size_t fields = 100;
};

/// Finds the end of a head in bytes that arrive piece by piece, looking at each byte once. Refuses
/// what two readers could take for two different heads: a line that does not end in CRLF, and a
/// line that goes on on the next (obs-fold).
class HeadScanner {
public:
    enum class State { incomplete, complete, malformed };

    /// `bytes` begins with the head and holds all of it that has come so far.
    State scan(std::string_view bytes);
    std::size_t size() const { return line_; } ///< of the complete head
    void reset() { *this = {}; }

private:
    std::size_t line_ = 0; ///< where the line begins that is not yet seen to the end
    std::size_t seen_ = 0;
};

/// A host and maybe a port. Userinfo, lists and paths would mean something else to another reader.
bool is_host(std::string_view host);

/// What the head says about the message, besides what is in the Request.
struct Head {
    enum class Kind { plain, head, options };

    Kind kind = Kind::plain;
    bool http_1_0 = false;
    bool close = false; ///< the client ends the connection after this
    bool expects_continue = false;
    bool chunked = false;
    std::uint64_t content_length = 0;

    bool has_body() const { return chunked || content_length > 0; }
};

/// One complete head into `request` (method, path, query, headers), whose memory is used again.
/// Stricter than RFC 9112 wherever readers are known to differ; the problem where it is refused,
/// after which the connection must be closed.
std::expected<Head, Problem> parse_head(
    std::string_view head, Request& request, HeadLimits const& limits);

/// A body in chunks (RFC 9112 §7.1), piece by piece. Chunk extensions and trailers are read past;
/// they count against `max_overhead`.
class ChunkedBody {
public:
    enum class State { more, done, malformed, too_large };

    explicit ChunkedBody(std::size_t max_body) : max_body_(max_body) { }
    /// Appends what `bytes` holds of the body to `body` and says how much of `bytes` it used.
    /// `body` may be emptied between two calls.
    State feed(std::string_view bytes, std::string& body, std::size_t& used);
    std::size_t taken() const { return taken_; } ///< of the body, so far

private:
    static constexpr std::size_t max_overhead = 16 * 1024;

    enum class Part {
        size,
        extension,
        size_end,
        data,
        data_cr,
        data_end,
        trailer,
        trailer_end,
        last
    };

    State step(char c);
    State read_size(char c);
    State read_trailer(char c);

    Part part_ = Part::size;
    std::size_t max_body_;
    std::size_t taken_ = 0;
    std::size_t overhead_ = 0;
    std::uint64_t left_ = 0;
    int digits_ = 0;
    bool empty_line_ = true;
};

}
