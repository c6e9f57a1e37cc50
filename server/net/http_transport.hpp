#pragma once

// Private to the HTTP server.

#include "net/tls.hpp"

#include <cstddef>

namespace hermod::net {

/// The bytes of one client, plain or through TLS, on a socket that does not block and that it does
/// not own.
class HttpTransport {
public:
    enum class Step {
        moved,
        wants_readable, ///< the socket must become readable first
        wants_writable,
        ended, ///< the other side closed, or the connection is of no more use
        not_tls, ///< of a handshake: the client speaks plain HTTP; so do we from now on
    };
    struct Result {
        Step step;
        std::size_t bytes = 0;
    };

    HttpTransport(int socket, TlsIdentity const* tls);

    bool is_tls() const { return tls_ != nullptr; }
    Step shake_hands();
    Result receive(char* into, std::size_t room);
    Result send(char const* from, std::size_t size);
    /// Bytes that are here, of which the socket will not tell any more.
    bool holds_input() const;
    /// Tells the other side that nothing more comes, so that it can tell an end from a cut. What it
    /// still sends is then read as it came, to be thrown away.
    void finish();

private:
    Step failed(int result);

    int socket_;
    TlsSession tls_;
    bool begun_ = false;
    bool broken_ = false; ///< TLS has failed: OpenSSL must not be asked for more
};

}
