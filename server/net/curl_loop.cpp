#include "net/curl_loop.hpp"

#include "base/errors.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <mutex>
#include <new>

namespace hermod::net {

static constexpr long kept_connections = 256;

void init_curl()
{
    static std::once_flag once;
    std::call_once(once, [] { HERMOD_CHECK(curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK); });
}

void append(HeaderList& list, std::string const& line)
{
    auto* const longer = curl_slist_append(list.get(), line.c_str());
    if (!longer)
        throw std::bad_alloc{};
    (void)list.release();
    list.reset(longer);
}

/// A socket libcurl waits for. libcurl owns it: it is released, never closed, by us.
struct CurlLoop::Watch {
    Watch(asio::io_context& io, curl_socket_t socket)
        : fd(socket), descriptor(io.get_executor(), fd)
    {
    }
    ~Watch() { drop(); }

    void drop()
    {
        if (descriptor.is_open())
            (void)descriptor.release();
    }

    curl_socket_t fd;
    Descriptor descriptor;
    bool wants_read = false;
    bool wants_write = false;
    bool reading = false;
    bool writing = false;
    bool dropped = false;
};

/// A transfer under way; lives in the frame of `perform`.
struct CurlLoop::Entry {
    Entry(CurlLoop& owner, CURL* handle) : loop(owner), easy(handle), wake(owner.io_.get_executor())
    {
        curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
        loop.entries_.insert(this);
    }
    ~Entry()
    {
        if (loop.multi_)
            curl_multi_remove_handle(loop.multi_, easy);
        loop.entries_.erase(this);
    }
    Entry(Entry const&) = delete;
    Entry& operator=(Entry const&) = delete;

    CurlLoop& loop;
    CURL* easy;
    Timer wake;
    bool done = false;
    CURLcode code = CURLE_OK;
};

asio::execution_context::id CurlLoop::id;

CurlLoop::CurlLoop(asio::io_context& io)
    : asio::execution_context::service(io), io_(io), timer_(io.get_executor()), multi_(nullptr)
{
    // The services a descriptor needs must be older than this one, so that they outlive it.
    Descriptor const first_use{io.get_executor()};
    init_curl();
    multi_ = curl_multi_init();
    HERMOD_CHECK(multi_ != nullptr);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kept_connections);
}

CurlLoop::~CurlLoop() = default;

/// The context ends: frames of `perform` that still wait are destroyed after this.
void CurlLoop::shutdown()
{
    for (auto* const entry : entries_)
        curl_multi_remove_handle(multi_, entry->easy);
    auto* const multi = std::exchange(multi_, nullptr);
    curl_multi_cleanup(multi);
    for (auto const& [fd, watch] : watches_)
        watch->drop();
    watches_.clear();
    timer_.cancel();
}

Task<CURLcode> CurlLoop::perform(CURL* easy)
{
    static constexpr asio::use_awaitable_t<Executor> use_task;
    Entry entry{*this, easy};
    HERMOD_CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
    while (!entry.done) {
        entry.wake.expires_at(Timer::time_point::max());
        co_await entry.wake.async_wait(asio::as_tuple(use_task));
        auto const cancelled = co_await asio::this_coro::cancellation_state;
        if (!entry.done && cancelled.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error{asio::error::operation_aborted};
    }
    co_return entry.code;
}

int CurlLoop::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*)
{
    static_cast<CurlLoop*>(self)->watch(fd, what);
    return 0;
}

void CurlLoop::watch(curl_socket_t fd, int what)
{
    auto found = watches_.find(fd);
    if (what == CURL_POLL_REMOVE) {
        if (found != watches_.end()) {
            found->second->dropped = true;
            found->second->drop();
            watches_.erase(found);
        }
        return;
    }
    if (!multi_)
        return;
    if (found == watches_.end())
        found = watches_.emplace(fd, std::make_shared<Watch>(io_, fd)).first;
    found->second->wants_read = (what & CURL_POLL_IN) != 0;
    found->second->wants_write = (what & CURL_POLL_OUT) != 0;
    arm(found->second);
}

void CurlLoop::arm(std::shared_ptr<Watch> const& watch)
{
    auto const ready = [this](std::shared_ptr<Watch> const& of, bool wanted, int events,
                           boost::system::error_code const& error) {
        if (of->dropped || !multi_ || error == asio::error::operation_aborted)
            return;
        if (wanted)
            act(of->fd, error ? CURL_CSELECT_ERR : events);
        if (!of->dropped && multi_)
            arm(of);
    };
    if (watch->wants_read && !watch->reading) {
        watch->reading = true;
        watch->descriptor.async_wait(Descriptor::wait_read, [watch, ready](auto const& error) {
            watch->reading = false;
            ready(watch, watch->wants_read, CURL_CSELECT_IN, error);
        });
    }
    if (watch->wants_write && !watch->writing) {
        watch->writing = true;
        watch->descriptor.async_wait(Descriptor::wait_write, [watch, ready](auto const& error) {
            watch->writing = false;
            ready(watch, watch->wants_write, CURL_CSELECT_OUT, error);
        });
    }
}

int CurlLoop::on_timer(CURLM*, long timeout_ms, void* self)
{
    auto& loop = *static_cast<CurlLoop*>(self);
    if (timeout_ms < 0 || !loop.multi_) {
        loop.timer_.cancel();
        return 0;
    }
    // Even at 0 the call must come later: libcurl is not to be entered from its own callback.
    loop.timer_.expires_after(std::chrono::milliseconds{timeout_ms});
    loop.timer_.async_wait([&loop](boost::system::error_code const& error) {
        if (!error && loop.multi_)
            loop.act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
}

void CurlLoop::act(curl_socket_t fd, int events)
{
    int running = 0;
    curl_multi_socket_action(multi_, fd, events, &running);
    collect();
}

void CurlLoop::collect()
{
    int left = 0;
    while (auto const* const message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE)
            continue;
        Entry* entry = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &entry);
        entry->done = true;
        entry->code = message->data.result;
        entry->wake.cancel();
    }
}

}
