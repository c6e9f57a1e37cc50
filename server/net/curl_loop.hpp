#pragma once

#include "base/task.hpp"

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <curl/curl.h>

#include <memory>
#include <unordered_map>
#include <unordered_set>

namespace hermod::net {

/// libcurl's global state, made once in the process.
void init_curl();

struct FreeEasy {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

/// Appends to a list; throws std::bad_alloc.
void append(HeaderList& list, std::string const& line);

/// One multi handle of libcurl, driven by the io_context whose service it is: it is made at its
/// first use and ends with its context. Connections are kept in it, so each io thread keeps its
/// own.
class CurlLoop final : public asio::execution_context::service {
public:
    using key_type = CurlLoop;
    static asio::execution_context::id id;

    explicit CurlLoop(asio::io_context& io);
    ~CurlLoop() override;

    /// Runs `easy` to its end; its CURLOPT_PRIVATE is ours meanwhile. Cancellation takes it out and
    /// throws operation_aborted. Call on the thread of the context.
    Task<CURLcode> perform(CURL* easy);

private:
    using Executor = asio::io_context::executor_type;
    using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
        asio::wait_traits<std::chrono::steady_clock>, Executor>;
    using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
    struct Watch;
    struct Entry;

    void shutdown() override;
    static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* watch);
    static int on_timer(CURLM* multi, long timeout_ms, void* self);
    void watch(curl_socket_t fd, int what);
    void arm(std::shared_ptr<Watch> const& watch);
    void act(curl_socket_t fd, int events);
    void collect();

    asio::io_context& io_;
    Timer timer_;
    CURLM* multi_;
    std::unordered_map<curl_socket_t, std::shared_ptr<Watch>> watches_;
    std::unordered_set<Entry*> entries_;
};

}
