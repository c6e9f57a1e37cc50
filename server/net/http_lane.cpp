#include "base/log.hpp"
#include "net/http_connection.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace hermod::net {

static constexpr std::size_t max_kept_output = 64 * 1024;
static constexpr std::size_t max_kept_body = 64 * 1024;

HttpLane::HttpLane(asio::io_context& context, Clock& clock, HttpHandler& handler,
    HttpOptions options, Gauge gauge, Counter handshakes_failed,
    std::shared_ptr<DrainSignal> drained)
    : io(context)
    , clock_(clock)
    , handler_(handler)
    , options_(std::move(options))
    , gauge_(gauge)
    , handshakes_failed_(handshakes_failed)
    , drained_(std::move(drained))
    , wheel_(clock.steady())
    , timer_(context.get_executor())
    , input_(std::make_unique_for_overwrite<char[]>(input_size))
{
}

static void report_end(std::exception_ptr const& error)
{
    try {
        if (error)
            std::rethrow_exception(error);
    } catch (boost::system::system_error const& e) {
        if (e.code() != asio::error::operation_aborted)
            log::error("connection failed", {{"error", e.what()}});
    } catch (std::exception const& e) {
        log::error("connection failed", {{"error", e.what()}});
    }
}

void HttpLane::adopt(int descriptor, std::string address)
{
    HttpConnection::Socket socket{io.get_executor()};
    boost::system::error_code ec;
    socket.assign(asio::ip::tcp::v4(), descriptor, ec);
    if (ec) {
        ::close(descriptor);
        --count;
        return;
    }
    auto const connection =
        std::make_shared<HttpConnection>(shared_from_this(), std::move(socket), std::move(address));
    connection->place_ = connections_.size();
    connections_.push_back(connection.get());
    gauge_.add(1);
    if (!ticking_)
        arm_timer();
    if (draining_)
        connection->drain();
    asio::co_spawn(
        io.get_executor(),
        [](std::shared_ptr<HttpConnection> self) -> Task<void> { co_await self->run(); }(
                                                     connection),
        asio::bind_cancellation_slot(
            connection->cancellation_slot(), [connection](std::exception_ptr error) {
                connection->ended();
                report_end(error);
            }));
}

void HttpLane::remove(HttpConnection& connection)
{
    std::erase(flush_, &connection);
    auto* const last = connections_.back();
    last->place_ = connection.place_;
    connections_[connection.place_] = last;
    connections_.pop_back();
    gauge_.add(-1);
    // Under the lock, or who drains could look at the count, miss the signal and wait on.
    std::lock_guard const lock{drained_->mutex};
    --count;
    drained_->ended.notify_all();
}

void HttpLane::arm_timer()
{
    ticking_ = true;
    timer_.expires_after(TimerWheel::tick);
    timer_.async_wait([self = weak_from_this()](boost::system::error_code ec) {
        auto const lane = self.lock();
        if (!lane || ec)
            return;
        lane->tick();
        lane->ticking_ = false;
        if (!lane->connections_.empty())
            lane->arm_timer();
    });
}

void HttpLane::tick()
{
    wheel_.advance(clock_.steady());
}

void HttpLane::drain()
{
    draining_ = true;
    for (auto* const connection : connections_)
        connection->drain();
}

void HttpLane::cancel_all()
{
    // A cancelled coroutine may end at once and leave the list.
    auto const all = connections_;
    for (auto* const connection : all)
        if (std::ranges::find(connections_, connection) != connections_.end())
            connection->cancel();
}

std::unique_ptr<HttpWork> HttpLane::take_work()
{
    if (pool_.empty())
        return std::make_unique<HttpWork>();
    auto work = std::move(pool_.back());
    pool_.pop_back();
    return work;
}

void HttpLane::give_back(std::unique_ptr<HttpWork> work)
{
    if (pool_.size() == max_pool || work->out.capacity() > max_kept_output
        || work->exchange.request.body.capacity() > max_kept_body)
        return;
    work->exchange.reset();
    work->out.clear();
    work->sent = 0;
    pool_.push_back(std::move(work));
}

std::string_view HttpLane::date()
{
    auto const now = clock_.now().unix_s();
    if (now != date_s_) {
        date_s_ = now;
        std::tm parts{};
        auto const time = static_cast<std::time_t>(now);
        ::gmtime_r(&time, &parts);
        date_.resize(64);
        date_.resize(
            std::strftime(date_.data(), date_.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts));
    }
    return date_;
}

void HttpLane::flush_later(HttpConnection& connection)
{
    if (flush_.empty())
        asio::post(io, [self = shared_from_this()] { self->flush_waiting(); });
    flush_.push_back(&connection);
}

void HttpLane::flush_waiting()
{
    for (auto* const connection : flush_)
        if (connection->phase_ == HttpConnection::Phase::handler && connection->has_output())
            connection->send_now();
    flush_.clear();
}

}
