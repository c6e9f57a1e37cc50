#include "net/http_connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace hermod::net {

static constexpr std::size_t flush_above = 64 * 1024;
static constexpr seconds linger_time{2};
static constexpr std::size_t linger_bytes = 1 << 20;
static constexpr auto quietly = asio::as_tuple(asio::deferred);

void Exchange::reset()
{
    request.path.clear();
    request.query.clear();
    request.body.clear();
    request.request_id.clear();
    request.path_values.clear();
    request.parsed_body.reset();
    request.parsed_query.reset();
    head = {};
    route = nullptr;
    caller.reset();
    max_body = 0;
    sent_bytes = 0;
    rate.reset();
}

HttpConnection::HttpConnection(std::shared_ptr<HttpLane> lane, Socket socket, std::string address)
    : lane_(std::move(lane)), socket_(std::move(socket)), address_(std::move(address))
{
}

HttpConnection::~HttpConnection()
{
    lane_->remove(*this);
}

/// Everything that came is answered before the answers are sent: requests sent together get theirs
/// in one write.
Task<void> HttpConnection::run()
{
    while (!gone_) {
        auto const next = next_request();
        if (next == Next::none)
            break;
        if (next == Next::request) {
            co_await answer();
            if (work_->out.size() > flush_above && !send_now())
                co_await flush();
            continue;
        }
        if (has_output() && !send_now())
            co_await flush();
        if (gone_)
            break;
        co_await wait_for_input();
        if (timed_out_ && phase_ == Phase::head)
            refuse_headless(Problem{Errc::request_timeout});
    }
    if (has_output() && !send_now())
        co_await flush();
    if (unread_input_ && !gone_)
        co_await linger();
}

void HttpConnection::ended()
{
    if (begun_)
        lane_->handler_.abandon(work_->exchange);
}

void HttpConnection::on_deadline()
{
    timed_out_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void HttpConnection::enter(Phase phase, std::chrono::nanoseconds patience)
{
    phase_ = phase;
    timed_out_ = false;
    lane_->wheel_.set(*this, lane_->clock_.steady() + patience);
}

std::chrono::nanoseconds HttpConnection::patience_for(std::size_t bytes) const
{
    auto const& options = lane_->options_;
    return options.grace_time + seconds{bytes / options.min_rate};
}

/// What an idle client has sent by now is still answered.
void HttpConnection::drain()
{
    if (phase_ != Phase::idle)
        return;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void HttpConnection::cancel()
{
    gone_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
    cancel_.emit(asio::cancellation_type::terminal);
}

Exchange& HttpConnection::new_exchange()
{
    if (!work_)
        work_ = lane_->take_work();
    auto& exchange = work_->exchange;
    exchange.reset();
    exchange.began = lane_->clock_.steady();
    exchange.request.remote_address = address_;
    return exchange;
}

HttpConnection::Next HttpConnection::next_request()
{
    auto const& limits = lane_->options_.head;
    while (!last_) {
        auto const state = scanner_.scan(unread_);
        if (state == HeadScanner::State::incomplete && unread_.size() <= limits.bytes)
            return Next::more;
        auto const size = scanner_.size();
        scanner_.reset();
        if (state == HeadScanner::State::complete && size == 2) {
            unread_.remove_prefix(size); // an empty line before a request means nothing
            continue;
        }
        if (state != HeadScanner::State::complete || size > limits.bytes) {
            refuse_headless(
                Problem{state == HeadScanner::State::malformed ? Errc::malformed_request
                                                               : Errc::headers_too_large});
            break;
        }
        auto& exchange = new_exchange();
        auto const head = parse_head(unread_.substr(0, size), exchange.request, limits);
        unread_.remove_prefix(size);
        if (!head) {
            refuse(head.error());
            break;
        }
        exchange.head = *head;
        last_ = head->close;
        return Next::request;
    }
    return Next::none;
}

Task<void> HttpConnection::answer()
{
    auto& exchange = work_->exchange;
    begun_ = true;
    early_ = lane_->handler_.begin(exchange);
    if (!early_ && exchange.head.has_body()) {
        chunks_.reset();
        if (exchange.head.chunked)
            chunks_.emplace(exchange.max_body);
        auto state = take_body();
        if (state == Body::more)
            state = co_await receive_body();
        if (state == Body::refused)
            co_return;
    }
    if (early_) {
        skip_body();
        write_reply(*std::exchange(early_, std::nullopt));
        co_return;
    }
    keep_unread();
    phase_ = Phase::handler;
    TimerWheel::clear(*this);
    if (has_output())
        lane_->flush_later(*this);
    auto const reply = co_await lane_->handler_.handle(exchange);
    write_reply(reply);
}

/// What has come of the body into the request.
HttpConnection::Body HttpConnection::take_body()
{
    auto& exchange = work_->exchange;
    auto& request = exchange.request;
    auto const& head = exchange.head;
    if (!head.chunked) {
        if (head.content_length > exchange.max_body) {
            refuse(Problem{Errc::body_too_large});
            return Body::refused;
        }
        auto const wanted = head.content_length - request.body.size();
        auto const length = std::min<std::size_t>(wanted, unread_.size());
        request.body.append(unread_, 0, length);
        unread_.remove_prefix(length);
        return length == wanted ? Body::whole : Body::more;
    }
    std::size_t used = 0;
    auto const state = chunks_->feed(unread_, request.body, used);
    unread_.remove_prefix(used);
    if (state == ChunkedBody::State::more || state == ChunkedBody::State::done)
        return state == ChunkedBody::State::done ? Body::whole : Body::more;
    refuse(Problem{
        state == ChunkedBody::State::too_large ? Errc::body_too_large : Errc::malformed_request});
    return Body::refused;
}

/// Waits for the rest of the body, once the handler has agreed to wait for this client.
Task<HttpConnection::Body> HttpConnection::receive_body()
{
    auto& exchange = work_->exchange;
    keep_unread();
    phase_ = Phase::handler;
    TimerWheel::clear(*this);
    early_ = co_await lane_->handler_.before_body(exchange);
    if (early_)
        co_return Body::whole;
    if (exchange.head.expects_continue && exchange.request.body.empty() && unread_.empty())
        work_->out += "HTTP/1.1 100 Continue\r\n\r\n";
    if (has_output() && !send_now())
        co_await flush();
    body_began_ = lane_->clock_.steady();
    for (;;) {
        auto const spent = lane_->clock_.steady() - body_began_;
        enter(Phase::body, patience_for(exchange.request.body.size()) - spent);
        co_await wait_readable();
        if (timed_out_)
            refuse(Problem{Errc::request_timeout});
        if (timed_out_ || gone_)
            co_return Body::refused;
        auto const state = take_body();
        if (state != Body::more)
            co_return state;
    }
}

/// After an early answer: a body that is here is read past, for one that is not the connection
/// ends.
void HttpConnection::skip_body()
{
    auto const& exchange = work_->exchange;
    if (!exchange.head.has_body())
        return;
    auto const left = exchange.head.content_length - exchange.request.body.size();
    if (!exchange.head.chunked && left <= unread_.size()) {
        unread_.remove_prefix(left);
        return;
    }
    last_ = true;
    unread_input_ = true;
}

/// Before every wait: the lane's input belongs to another connection then.
void HttpConnection::keep_unread()
{
    if (unread_.empty()) {
        kept_.clear();
        unread_ = {};
    } else if (in_lane_) {
        kept_.assign(unread_);
        unread_ = kept_;
    }
    in_lane_ = false;
}

/// Reads what is there behind what is unread.
void HttpConnection::read_now()
{
    auto* const input = lane_->input_.get();
    auto const have = unread_.size();
    if (have > 0)
        std::memmove(input, unread_.data(), have);
    auto const length =
        ::recv(socket_.native_handle(), input + have, HttpLane::input_size - have, MSG_DONTWAIT);
    if (length > 0) {
        unread_ = {input, have + static_cast<std::size_t>(length)};
        in_lane_ = true;
        return;
    }
    auto const would_wait = length < 0 && (errno == EAGAIN || errno == EINTR);
    gone_ = !would_wait || (lane_->draining_ && phase_ == Phase::idle);
}

bool HttpConnection::send_now()
{
    auto& [exchange, out, sent] = *work_;
    while (sent < out.size()) {
        auto const length = ::send(socket_.native_handle(), out.data() + sent, out.size() - sent,
            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (length >= 0) {
            sent += static_cast<std::size_t>(length);
        } else if (errno == EAGAIN) {
            return false;
        } else if (errno != EINTR) {
            gone_ = true;
            break;
        }
    }
    out.clear();
    sent = 0;
    return true;
}

Task<void> HttpConnection::flush()
{
    enter(Phase::write, patience_for(work_->out.size() - work_->sent));
    while (!send_now()) {
        keep_unread();
        co_await socket_.async_wait(Socket::wait_write, quietly);
        if (timed_out_ || gone_) {
            gone_ = true;
            co_return;
        }
    }
}

Task<void> HttpConnection::wait_readable()
{
    keep_unread();
    co_await socket_.async_wait(Socket::wait_read, quietly);
    if (!timed_out_ && !gone_)
        read_now();
}

/// For the next head, or its rest. An idle connection holds no memory but itself.
Task<void> HttpConnection::wait_for_input()
{
    keep_unread();
    if (work_)
        lane_->give_back(std::move(work_));
    if (unread_.empty()) {
        if (kept_.capacity() > 64)
            kept_ = {};
        enter(Phase::idle, lane_->options_.idle_time);
    } else if (phase_ != Phase::head) {
        enter(Phase::head, lane_->options_.head_time);
    }
    if (!lane_->draining_ || phase_ != Phase::idle)
        co_await socket_.async_wait(Socket::wait_read, quietly);
    if (gone_)
        co_return;
    if (timed_out_)
        gone_ = phase_ == Phase::idle;
    else
        read_now();
}

/// What came cannot be read as a head: nothing of an earlier request may pass for it.
void HttpConnection::refuse_headless(Problem const& problem)
{
    new_exchange().request.headers.clear();
    refuse(problem);
}

void HttpConnection::refuse(Problem const& problem)
{
    last_ = true;
    unread_input_ = true;
    auto& exchange = work_->exchange;
    write_reply(lane_->handler_.refuse(exchange, problem));
}

void HttpConnection::write_reply(Reply const& reply)
{
    auto& [exchange, out, sent] = *work_;
    if (lane_->draining_)
        last_ = true;
    auto const head_only = exchange.head.kind == Head::Kind::head;
    exchange.sent_bytes = head_only ? 0 : reply.body.size();
    append_reply(out, reply,
        {.request_id = exchange.request.request_id,
            .date = lane_->date(),
            .close = last_,
            .head_only = head_only,
            .authenticated = exchange.caller.has_value() && exchange.route->auth == Auth::required,
            .rate = exchange.rate});
    begun_ = false;
    lane_->handler_.end(exchange, reply);
}

/// Closing with input unread would make the kernel reset the connection, and the client could lose
/// the answer: so it is told the end, and what it still sends is thrown away for a while.
Task<void> HttpConnection::linger()
{
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    enter(Phase::linger, linger_time);
    for (std::size_t dropped = 0; dropped < linger_bytes && !gone_ && !timed_out_;) {
        unread_ = {};
        co_await wait_readable();
        dropped += unread_.size();
    }
}

}
