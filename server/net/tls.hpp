#pragma once

#include "base/metrics.hpp"
#include "base/time.hpp"

#include <memory>
#include <mutex>
#include <string>

struct ssl_st;
struct ssl_ctx_st;

namespace hermod::net {

struct EndTls {
    void operator()(ssl_st* session) const;
    void operator()(ssl_ctx_st* context) const;
};
using TlsSession = std::unique_ptr<ssl_st, EndTls>;

/// The certificate this server shows and its key, from files that can be read anew while it serves.
class TlsIdentity {
public:
    struct Files {
        std::string certificate; ///< PEM, the chain behind it
        std::string key; ///< PEM, not encrypted
    };

    /// Throws std::runtime_error with one line for the operator where the files cannot be used.
    TlsIdentity(Files files, Clock& clock, Metrics& metrics);
    ~TlsIdentity();
    TlsIdentity(TlsIdentity const&) = delete;
    TlsIdentity& operator=(TlsIdentity const&) = delete;

    /// Reads the files again, for connections from now on. Where they cannot be used, logs why and
    /// keeps what there is: false.
    bool reload();
    /// The server's side of one connection, over its socket. Thread-safe.
    TlsSession accept(int socket) const;

private:
    using Context = std::shared_ptr<ssl_ctx_st>;

    Context load() const;
    void use(Context context);

    Files const files_;
    Clock& clock_;
    Gauge expires_;
    mutable std::mutex mutex_;
    Context context_;
};

}
