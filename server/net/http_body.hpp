#pragma once

// Private to the HTTP server.

#include "net/http_connection.hpp"

struct evp_md_ctx_st;

namespace hermod::net {

/// The body of the connection's request, for a handler that reads it itself. An Idempotency-Key
/// gets the hash of what was read once the body has ended.
class HttpBodyReader final : public BodyReader {
public:
    explicit HttpBodyReader(HttpConnection& connection) : connection_(connection) { }
    Task<std::string_view> read() override;

private:
    struct EndHash {
        void operator()(evp_md_ctx_st* hash) const;
    };

    void add_to_hash(std::string_view piece, Digest& result);

    HttpConnection& connection_;
    std::unique_ptr<evp_md_ctx_st, EndHash> hash_;
};

/// Frames what a handler writes as the body of the connection's answer.
class HttpBodyWriter final : public BodyWriter {
public:
    HttpBodyWriter(HttpConnection& connection, std::optional<std::uint64_t> length);
    Task<bool> write(std::string_view piece) override;
    bool finish(); ///< false where less came than was promised

private:
    HttpConnection& connection_;
    std::optional<std::uint64_t> left_; ///< of a body whose length is known
    bool chunked_;
};

}
