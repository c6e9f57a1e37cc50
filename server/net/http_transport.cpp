#include "net/http_transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cerrno>

namespace hermod::net {

using Step = HttpTransport::Step;

static constexpr unsigned char handshake_record = 0x16;

HttpTransport::HttpTransport(int socket, TlsIdentity const* tls)
    : socket_(socket), tls_(tls ? tls->accept(socket) : TlsSession{})
{
}

/// Of a call that `result` says did not do what it should.
Step HttpTransport::failed(int result)
{
    switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
        return Step::wants_readable;
    case SSL_ERROR_WANT_WRITE:
        return Step::wants_writable;
    case SSL_ERROR_ZERO_RETURN:
        return Step::ended;
    default:
        broken_ = true;
        ERR_clear_error();
        return Step::ended;
    }
}

Step HttpTransport::shake_hands()
{
    if (!begun_) {
        unsigned char first = 0;
        auto const length = ::recv(socket_, &first, 1, MSG_PEEK | MSG_DONTWAIT);
        if (length < 0 && (errno == EAGAIN || errno == EINTR))
            return Step::wants_readable;
        if (length <= 0)
            return Step::ended;
        if (first >= 'A' && first <= 'Z') { // a method
            tls_.reset();
            return Step::not_tls;
        }
        if (first != handshake_record)
            return Step::ended;
        begun_ = true;
    }
    ERR_clear_error();
    auto const result = SSL_do_handshake(tls_.get());
    return result == 1 ? Step::moved : failed(result);
}

HttpTransport::Result HttpTransport::receive(char* into, std::size_t room)
{
    if (tls_) {
        if (broken_)
            return {Step::ended};
        std::size_t bytes = 0;
        ERR_clear_error();
        auto const result = SSL_read_ex(tls_.get(), into, room, &bytes);
        return result == 1 ? Result{Step::moved, bytes} : Result{failed(result)};
    }
    auto const length = ::recv(socket_, into, room, MSG_DONTWAIT);
    if (length > 0)
        return {Step::moved, static_cast<std::size_t>(length)};
    auto const would_wait = length < 0 && (errno == EAGAIN || errno == EINTR);
    return {would_wait ? Step::wants_readable : Step::ended};
}

HttpTransport::Result HttpTransport::send(char const* from, std::size_t size)
{
    if (tls_) {
        if (broken_)
            return {Step::ended};
        std::size_t bytes = 0;
        ERR_clear_error();
        auto const result = SSL_write_ex(tls_.get(), from, size, &bytes);
        return result == 1 ? Result{Step::moved, bytes} : Result{failed(result)};
    }
    for (;;) {
        auto const length = ::send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (length >= 0)
            return {Step::moved, static_cast<std::size_t>(length)};
        if (errno == EAGAIN)
            return {Step::wants_writable};
        if (errno != EINTR)
            return {Step::ended};
    }
}

bool HttpTransport::holds_input() const
{
    return tls_ && SSL_pending(tls_.get()) > 0;
}

void HttpTransport::finish()
{
    if (tls_ && !broken_ && SSL_is_init_finished(tls_.get()) == 1) {
        ERR_clear_error();
        SSL_shutdown(tls_.get());
        ERR_clear_error();
    }
    tls_.reset();
}

}
