#pragma once

#include "net/curl_loop.hpp"
#include "net/http_client.hpp"

namespace hermod::net {

/// Opens sockets for libcurl to addresses that the guard allows, and remembers what it refused.
/// Set as CURLOPT_OPENSOCKETDATA with `open` as CURLOPT_OPENSOCKETFUNCTION.
struct GuardedSockets {
    AddressGuard const& guard;
    bool refused_one = false;
    bool opened_one = false;

    static curl_socket_t open(void* self, curlsocktype purpose, curl_sockaddr* address);
    /// Only what was refused was there to connect to.
    bool blocked() const { return refused_one && !opened_one; }
};

/// What no request to a user's address may do, whatever its protocol: use proxies, signals, other
/// protocols, or an address that the guard did not see.
void set_guarded_options(
    CURL* easy, GuardedSockets& sockets, char const* protocols, std::string const& ca_file);

/// One request in libcurl's hands; at one place in memory from `prepare` to `outcome`.
class HttpTransfer {
public:
    HttpTransfer(
        AddressGuard const& guard, HttpClientOptions const& options, HttpRequest const& request);
    HttpTransfer(HttpTransfer const&) = delete;
    HttpTransfer& operator=(HttpTransfer const&) = delete;

    /// Nothing where it may begin.
    std::optional<HttpError> prepare();
    CURL* easy() const { return easy_.get(); }
    HttpOutcome outcome(CURLcode code);

private:
    std::optional<std::string> wrong_header() const;
    void set_headers();
    void set_method();
    void set_limits();
    static int on_prerequest(void* self, char* peer, char* local, int peer_port, int local_port);
    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
    bool add_header(std::string_view line);
    HttpError failure(CURLcode code) const;
    HttpTimings timings() const;

    GuardedSockets sockets_;
    HttpClientOptions const& options_;
    HttpRequest const& request_;
    std::string url_;
    HeaderList headers_;
    HeaderList resolve_;
    Easy easy_; // ends before what it points to
    HttpResponse response_;
    std::size_t header_bytes_ = 0;
    int tries_ = 0; ///< times the request went out, or was about to
    bool blocked_ = false; ///< a connection that was already open leads where it may not
    bool too_large_ = false;
    char error_[CURL_ERROR_SIZE] = {};
};

}
