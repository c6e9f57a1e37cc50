#include "net/tls.hpp"

#include "base/log.hpp"
#include "net/metrics.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace hermod::net {

// Forward secrecy and authenticated encryption: all that TLS 1.2 has besides is weak.
static constexpr auto tls_1_2_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

void EndTls::operator()(ssl_st* session) const
{
    SSL_free(session);
}

void EndTls::operator()(ssl_ctx_st* context) const
{
    SSL_CTX_free(context);
}

[[noreturn]] static void refuse(std::string const& file, std::string_view what)
{
    throw std::runtime_error(fmt::format("TLS cannot be served: {} {}", file, what));
}

/// What OpenSSL has to say, in its own words.
static std::string openssl_reason()
{
    auto const* const reason = ERR_reason_error_string(ERR_peek_last_error());
    std::string text = reason ? reason : "for an unknown reason";
    ERR_clear_error();
    return text;
}

static void require_readable(std::string const& file)
{
    auto* const stream = std::fopen(file.c_str(), "re");
    if (!stream)
        refuse(file, fmt::format("cannot be read: {}", std::strerror(errno)));
    std::fclose(stream);
}

/// ALPN (RFC 7301): a client that speaks other protocols alone is refused here, not after it sent
/// bytes that mean something else to it.
static int choose_protocol(SSL*, unsigned char const** out, unsigned char* out_length,
    unsigned char const* offered, unsigned int offered_length, void*)
{
    static constexpr unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_length, ours, sizeof ours, offered, offered_length)
        != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/// An encrypted key: there is no one at a terminal to ask.
static int no_passphrase(char*, int, int, void*)
{
    return -1;
}

static void set_protocol(SSL_CTX* context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context, tls_1_2_ciphers);
    SSL_CTX_set_options(context,
        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE
            | SSL_OP_PRIORITIZE_CHACHA);
    // A connection that waits holds no 34 KB of buffers; what is sent may move while it waits.
    SSL_CTX_set_mode(context,
        SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
            | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // Sessions are resumed by tickets, which the client keeps.
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
}

static std::time_t to_time(ASN1_TIME const* time)
{
    std::tm parts{};
    return ASN1_TIME_to_tm(time, &parts) == 1 ? ::timegm(&parts) : 0;
}

TlsIdentity::TlsIdentity(Files files, Clock& clock, Metrics& metrics)
    : files_(std::move(files))
    , clock_(clock)
    , expires_(metrics.gauge(metric::certificate_expires.name, metric::certificate_expires.help))
{
    use(load());
}

TlsIdentity::~TlsIdentity() = default;

TlsIdentity::Context TlsIdentity::load() const
{
    require_readable(files_.certificate);
    require_readable(files_.key);
    ERR_clear_error();
    Context context{SSL_CTX_new(TLS_server_method()), EndTls{}};
    if (!context)
        throw std::bad_alloc{};
    auto* const ctx = context.get();
    set_protocol(ctx);
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, files_.certificate.c_str()) != 1)
        refuse(files_.certificate,
            fmt::format("does not hold a certificate in PEM form: {}", openssl_reason()));
    if (SSL_CTX_use_PrivateKey_file(ctx, files_.key.c_str(), SSL_FILETYPE_PEM) != 1
        || SSL_CTX_check_private_key(ctx) != 1)
        refuse(files_.key,
            fmt::format("does not hold the certificate's private key, unencrypted, in PEM form: {}",
                openssl_reason()));
    return context;
}

void TlsIdentity::use(Context context)
{
    auto const* const certificate = SSL_CTX_get0_certificate(context.get());
    auto const begins = to_time(X509_get0_notBefore(certificate));
    auto const ends = to_time(X509_get0_notAfter(certificate));
    expires_.set(static_cast<double>(ends));
    auto const now = clock_.now().unix_s();
    if (now < begins || now >= ends)
        log::warn("the certificate is not valid now", {{"file", files_.certificate}});
    std::lock_guard const lock{mutex_};
    context_ = std::move(context);
}

bool TlsIdentity::reload()
{
    try {
        use(load());
    } catch (std::exception const& e) {
        log::error("the certificate was not read again; the old one stays", {{"error", e.what()}});
        return false;
    }
    log::info("the certificate was read again", {{"file", files_.certificate}});
    return true;
}

TlsSession TlsIdentity::accept(int socket) const
{
    Context context;
    {
        std::lock_guard const lock{mutex_};
        context = context_;
    }
    // The session keeps the context alive by its own count.
    TlsSession session{SSL_new(context.get())};
    if (!session || SSL_set_fd(session.get(), socket) != 1)
        throw std::bad_alloc{};
    SSL_set_accept_state(session.get());
    return session;
}

}
