#include "net/http_server.hpp"

#include "base/log.hpp"
#include "net/http_connection.hpp"
#include "net/metrics.hpp"

#include <arpa/inet.h>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/post.hpp>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace hermod::net {

using asio::ip::tcp;

static constexpr int accepts_per_turn = 64;
static constexpr milliseconds pause_without_descriptors{100};
/// After a cancel only what runs on a database thread is still to come.
static constexpr seconds patience_after_cancel{5};

static tcp::endpoint parse_endpoint(std::string const& listen)
{
    auto const colon = listen.rfind(':');
    auto host = listen.substr(0, std::min(colon, listen.size()));
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    if (host == "localhost")
        host = "127.0.0.1";
    boost::system::error_code ec;
    auto const address = asio::ip::make_address(host, ec);
    std::uint16_t port = 0;
    auto const digits = colon == std::string::npos ? std::string{} : listen.substr(colon + 1);
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (ec || error != std::errc{} || end != digits.data() + digits.size())
        throw std::runtime_error("cannot listen on '" + listen
            + "': it must be an IP address and a port, such as 127.0.0.1:8080");
    return {address, port};
}

static std::string textual(sockaddr_storage const& peer)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (peer.ss_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &peer, sizeof v4);
        ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    } else if (peer.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &peer, sizeof v6);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
            ::inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof text);
        else
            ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    }
    return text;
}

/// Accepts on the first io thread and hands each socket to the lane with the fewest.
class HttpServer::Acceptor : public std::enable_shared_from_this<Acceptor> {
public:
    Acceptor(IoThreads& threads, Clock& clock, Metrics& metrics, HttpHandler& handler,
        HttpOptions const& options);

    void accept_on_readable();
    void close();
    std::uint16_t port() const { return port_; }
    std::size_t connections() const;
    bool drain(milliseconds patience);
    void tick_all();

private:
    using Socket = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;
    using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
        asio::wait_traits<std::chrono::steady_clock>, asio::io_context::executor_type>;

    void accept_some();
    void accept_later();
    void give(int descriptor, std::string address);
    template <class F>
    void on_each_lane(F work);

    std::size_t const max_connections_;
    bool const is_tls_;
    std::shared_ptr<DrainSignal> drained_ = std::make_shared<DrainSignal>();
    std::vector<std::shared_ptr<HttpLane>> lanes_;
    Socket socket_;
    Timer timer_;
    std::uint16_t port_ = 0;
    Counter refused_;
    Clock::Listener listener_;
};

HttpServer::Acceptor::Acceptor(IoThreads& threads, Clock& clock, Metrics& metrics,
    HttpHandler& handler, HttpOptions const& options)
    : max_connections_(options.max_connections)
    , is_tls_(options.tls != nullptr)
    , socket_(threads.main().get_executor())
    , timer_(threads.main().get_executor())
    , refused_(metrics.counter(metric::connections_refused.name, metric::connections_refused.help))
    , listener_(clock, [this] { tick_all(); })
{
    auto const gauge = metrics.gauge(metric::connections.name, metric::connections.help);
    auto const handshakes_failed =
        metrics.counter(metric::handshakes_failed.name, metric::handshakes_failed.help);
    for (std::size_t i = 0; i < threads.size(); ++i)
        lanes_.push_back(std::make_shared<HttpLane>(
            threads.at(i), clock, handler, options, gauge, handshakes_failed, drained_));
    auto const endpoint = parse_endpoint(options.listen);
    try {
        socket_.open(endpoint.protocol());
        socket_.set_option(Socket::reuse_address(true));
        socket_.bind(endpoint);
        socket_.listen(4096);
        socket_.non_blocking(true);
    } catch (boost::system::system_error const& e) {
        throw std::runtime_error("cannot listen on " + options.listen + ": " + e.code().message());
    }
    port_ = socket_.local_endpoint().port();
}

template <class F>
void HttpServer::Acceptor::on_each_lane(F work)
{
    for (auto const& lane : lanes_)
        asio::post(lane->io, [lane, work] { work(*lane); });
}

void HttpServer::Acceptor::tick_all()
{
    on_each_lane([](HttpLane& lane) { lane.tick(); });
}

void HttpServer::Acceptor::accept_on_readable()
{
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](auto ec) {
        if (!ec)
            self->accept_some();
    });
}

void HttpServer::Acceptor::accept_some()
{
    for (int i = 0; i < accepts_per_turn; ++i) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        auto const descriptor = ::accept4(socket_.native_handle(),
            reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor >= 0) {
            give(descriptor, textual(peer));
            continue;
        }
        if (errno == EAGAIN)
            break;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            return accept_later();
    }
    accept_on_readable();
}

void HttpServer::Acceptor::accept_later()
{
    log::error("cannot accept connections", {{"error", std::strerror(errno)}});
    timer_.expires_after(pause_without_descriptors);
    timer_.async_wait([self = shared_from_this()](auto ec) {
        if (!ec)
            self->accept_some();
    });
}

void HttpServer::Acceptor::give(int descriptor, std::string address)
{
    if (connections() >= max_connections_) {
        static constexpr std::string_view busy = "HTTP/1.1 503 Service Unavailable\r\n"
                                                 "Content-Length: 0\r\nRetry-After: 5\r\n"
                                                 "Connection: close\r\n\r\n";
        refused_.add();
        if (!is_tls_) // a client that has not shaken hands could not read it
            [[maybe_unused]]
            auto const sent =
                ::send(descriptor, busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        ::close(descriptor);
        return;
    }
    int const on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto const& lane = *std::ranges::min_element(
        lanes_, {}, [](auto const& candidate) { return candidate->count.load(); });
    ++lane->count;
    // Closes the descriptor should the loop end before the lane takes it.
    auto const close_unless_taken = [](int* owned) {
        if (*owned >= 0)
            ::close(*owned);
        delete owned;
    };
    std::unique_ptr<int, decltype(close_unless_taken)> owned{new int{descriptor}};
    asio::post(lane->io, [lane, owned = std::move(owned), address = std::move(address)]() mutable {
        lane->adopt(std::exchange(*owned, -1), std::move(address));
    });
}

void HttpServer::Acceptor::close()
{
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        boost::system::error_code ignored;
        self->socket_.close(ignored);
        self->timer_.cancel();
    });
}

std::size_t HttpServer::Acceptor::connections() const
{
    std::size_t sum = 0;
    for (auto const& lane : lanes_)
        sum += lane->count.load();
    return sum;
}

bool HttpServer::Acceptor::drain(milliseconds patience)
{
    close();
    on_each_lane([](HttpLane& lane) { lane.drain(); });
    std::unique_lock lock{drained_->mutex};
    auto const none_left = [this] { return connections() == 0; };
    if (drained_->ended.wait_for(lock, patience, none_left))
        return true;
    on_each_lane([](HttpLane& lane) { lane.cancel_all(); });
    return drained_->ended.wait_for(lock, patience_after_cancel, none_left);
}

HttpServer::HttpServer(
    IoThreads& threads, Clock& clock, Metrics& metrics, HttpHandler& handler, HttpOptions options)
    : acceptor_(std::make_shared<Acceptor>(threads, clock, metrics, handler, options))
{
}

HttpServer::~HttpServer()
{
    acceptor_->close();
}

void HttpServer::start()
{
    acceptor_->accept_on_readable();
}

std::uint16_t HttpServer::port() const
{
    return acceptor_->port();
}

std::size_t HttpServer::connections() const
{
    return acceptor_->connections();
}

bool HttpServer::drain(milliseconds patience)
{
    return acceptor_->drain(patience);
}

}
