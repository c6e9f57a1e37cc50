#pragma once

#include "base/errors.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace hermod::net {

/// A key and its self-signed certificate for `localhost` and 127.0.0.1, and their files.
class TestCertificate {
public:
    TestCertificate() : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free)
    {
        std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key{
            EVP_EC_gen("P-256"), &EVP_PKEY_free};
        std::unique_ptr<X509, decltype(&X509_free)> const certificate{X509_new(), &X509_free};
        X509_set_version(certificate.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
        X509_set_pubkey(certificate.get(), key.get());
        auto* const name = X509_get_subject_name(certificate.get());
        auto const* const common = reinterpret_cast<unsigned char const*>("localhost");
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
        X509_set_issuer_name(certificate.get(), name);
        add_extension(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
        add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
        X509_sign(certificate.get(), key.get(), EVP_sha256());
        SSL_CTX_use_certificate(context_.get(), certificate.get());
        SSL_CTX_use_PrivateKey(context_.get(), key.get());

        auto* file = open_new(path_);
        PEM_write_X509(file, certificate.get());
        std::fclose(file);
        file = open_new(key_path_);
        PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
    }
    ~TestCertificate()
    {
        ::unlink(path_.c_str());
        ::unlink(key_path_.c_str());
    }
    TestCertificate(TestCertificate const&) = delete;
    TestCertificate& operator=(TestCertificate const&) = delete;

    std::string const& ca_file() const { return path_; }
    std::string const& key_file() const { return key_path_; }
    SSL_CTX* context() const { return context_.get(); }

private:
    static void add_extension(X509* certificate, int kind, char const* value)
    {
        auto* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }

    static std::FILE* open_new(std::string& path)
    {
        path = "/tmp/hermod-test-tls-XXXXXX";
        return ::fdopen(::mkstemp(path.data()), "w");
    }

    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
    std::string path_;
    std::string key_path_;
};

/// One accepted connection in the hands of a script. Reading past its end throws, which ends the
/// script.
class PeerConnection {
public:
    struct Closed : std::runtime_error {
        Closed() : std::runtime_error{"the other side closed"} { }
    };

    explicit PeerConnection(int fd) : fd_(fd), tls_(nullptr, &SSL_free) { }
    ~PeerConnection() { ::close(fd_); }
    PeerConnection(PeerConnection const&) = delete;
    PeerConnection& operator=(PeerConnection const&) = delete;

    void start_tls(TestCertificate const& certificate)
    {
        tls_.reset(SSL_new(certificate.context()));
        SSL_set_fd(tls_.get(), fd_);
        if (SSL_accept(tls_.get()) != 1)
            throw Closed{};
    }

    /// Up to and without the CRLF.
    std::string read_line()
    {
        auto line = read_until("\r\n");
        line.resize(line.size() - 2);
        return line;
    }
    /// Up to and with `mark`.
    std::string read_until(std::string_view mark)
    {
        for (;;) {
            auto const at = buffer_.find(mark);
            if (at != std::string::npos)
                return take(at + mark.size());
            fill();
        }
    }
    std::string read_exactly(std::size_t count)
    {
        while (buffer_.size() < count)
            fill();
        return take(count);
    }
    /// An HTTP request with its body, where it names its length.
    std::string read_request()
    {
        auto head = read_until("\r\n\r\n");
        auto const at = head.find("Content-Length: ");
        if (at != std::string::npos)
            head += read_exactly(std::stoul(head.substr(at + 16)));
        return head;
    }

    void write(std::string_view data)
    {
        while (!data.empty()) {
            auto const sent = tls_
                ? SSL_write(tls_.get(), data.data(), static_cast<int>(data.size()))
                : static_cast<int>(::send(fd_, data.data(), data.size(), MSG_NOSIGNAL));
            if (sent <= 0)
                throw Closed{};
            data.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    /// Until the other side gives up.
    void wait_closed()
    {
        for (;;)
            fill();
    }

private:
    void fill()
    {
        char chunk[16384];
        auto const got = tls_ ? SSL_read(tls_.get(), chunk, sizeof chunk)
                              : static_cast<int>(::recv(fd_, chunk, sizeof chunk, 0));
        if (got <= 0)
            throw Closed{};
        buffer_.append(chunk, static_cast<std::size_t>(got));
    }
    std::string take(std::size_t count)
    {
        auto taken = buffer_.substr(0, count);
        buffer_.erase(0, count);
        return taken;
    }

    int fd_;
    std::unique_ptr<SSL, decltype(&SSL_free)> tls_;
    std::string buffer_;
};

/// A server on a free loopback port that plays `script` on each connection, one thread each.
class ScriptedPeer {
public:
    using Script = std::function<void(PeerConnection&)>;

    explicit ScriptedPeer(Script script, char const* address = "127.0.0.1")
        : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in local{};
        local.sin_family = AF_INET;
        ::inet_pton(AF_INET, address, &local.sin_addr);
        socklen_t length = sizeof local;
        HERMOD_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&local), length) == 0);
        HERMOD_CHECK(::listen(listener_, 64) == 0);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&local), &length);
        port_ = ntohs(local.sin_port);
        acceptor_ = std::thread{[this] { accept(); }};
    }
    ~ScriptedPeer()
    {
        ::shutdown(listener_, SHUT_RDWR);
        acceptor_.join();
        ::close(listener_);
        {
            std::lock_guard const lock{mutex_};
            for (auto const fd : open_)
                ::shutdown(fd, SHUT_RDWR);
        }
        for (auto& thread : threads_)
            thread.join();
    }
    ScriptedPeer(ScriptedPeer const&) = delete;
    ScriptedPeer& operator=(ScriptedPeer const&) = delete;

    std::uint16_t port() const { return port_; }
    int connections() const { return connections_; }
    std::string url(std::string_view path = "/") const
    {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string{path};
    }

private:
    void accept()
    {
        for (;;) {
            auto const fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0)
                return;
            ++connections_;
            timeval const patience{20, 0};
            ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            std::lock_guard const lock{mutex_};
            open_.push_back(fd);
            threads_.emplace_back([this, fd] { play(fd); });
        }
    }
    void play(int fd)
    {
        PeerConnection connection{fd};
        try {
            script_(connection);
        } catch (PeerConnection::Closed const&) {
        }
        std::lock_guard const lock{mutex_}; // before the descriptor can be another's
        std::erase(open_, fd);
    }

    Script script_;
    int listener_;
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::mutex mutex_;
    std::vector<int> open_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}
