#include "net/http_connection.hpp"

#include "net/http_body.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

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
    request.stream = nullptr;
    request.secure = false;
    request.forwarded_host.clear();
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
    cors_lines = {};
    hsts_line = {};
}

HttpConnection::HttpConnection(std::shared_ptr<HttpLane> lane, Socket socket, std::string address)
    : lane_(std::move(lane))
    , socket_(std::move(socket))
    , transport_(socket_.native_handle(), lane_->options_.tls)
    , address_(std::move(address))
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
    if (transport_.is_tls() && !co_await shake_hands()) {
        lane_->handshakes_failed_.add();
        co_return;
    }
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
    else
        transport_.finish();
}

/// False where there will be no request.
Task<bool> HttpConnection::shake_hands()
{
    enter(Phase::handshake, lane_->options_.head_time);
    while (!timed_out_ && !gone_ && !lane_->draining_) {
        auto const step = transport_.shake_hands();
        if (step == Step::moved)
            co_return true;
        if (step == Step::ended)
            break;
        if (step == Step::not_tls) {
            refuse_headless(Problem{Errc::malformed_request, "this port speaks HTTPS alone"});
            co_return true;
        }
        co_await wait_for(step);
    }
    co_return false;
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
    if (phase_ != Phase::idle && phase_ != Phase::handshake)
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
    exchange.request.secure = transport_.is_tls();
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
    begin_body();
    auto const is_stream = exchange.route && !exchange.route->stream_type.empty();
    if (!early_ && !is_stream && exchange.head.has_body()) {
        auto state = take_body();
        if (state == Body::more)
            state = co_await receive_body();
        if (state == Body::too_large || state == Body::malformed)
            refuse(end_body(
                state == Body::too_large ? Errc::body_too_large : Errc::malformed_request));
        if (state != Body::whole)
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
    HttpBodyReader reader{*this};
    if (is_stream)
        exchange.request.stream = &reader;
    auto reply = co_await lane_->handler_.handle(exchange);
    exchange.request.stream = nullptr;
    if (is_stream)
        skip_body();
    if (reply.stream)
        co_await stream_reply(std::move(reply));
    else
        write_reply(reply);
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
    auto const [step, length] = transport_.receive(input + have, HttpLane::input_size - have);
    if (step == Step::moved) {
        unread_ = {input, have + length};
        in_lane_ = true;
        return;
    }
    read_wants_ = step;
    gone_ = step == Step::ended || (lane_->draining_ && phase_ == Phase::idle);
}

bool HttpConnection::send_now()
{
    auto& [exchange, out, sent] = *work_;
    while (sent < out.size()) {
        auto const [step, length] = transport_.send(out.data() + sent, out.size() - sent);
        if (step == Step::moved) {
            sent += length;
        } else if (step == Step::ended) {
            gone_ = true;
            break;
        } else {
            write_wants_ = step;
            return false;
        }
    }
    out.clear();
    sent = 0;
    return true;
}

Task<void> HttpConnection::wait_for(Step step)
{
    co_await socket_.async_wait(
        step == Step::wants_writable ? Socket::wait_write : Socket::wait_read, quietly);
}

Task<void> HttpConnection::wait_for_bytes()
{
    if (!transport_.holds_input())
        co_await wait_for(std::exchange(read_wants_, Step::wants_readable));
}

Task<void> HttpConnection::flush()
{
    enter(Phase::write, patience_for(work_->out.size() - work_->sent));
    while (!send_now()) {
        keep_unread();
        co_await wait_for(write_wants_);
        if (timed_out_ || gone_) {
            gone_ = true;
            co_return;
        }
    }
}

Task<void> HttpConnection::wait_readable()
{
    keep_unread();
    co_await wait_for_bytes();
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
        co_await wait_for_bytes();
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

void HttpConnection::append_answer(Reply const& reply)
{
    auto& [exchange, out, sent] = *work_;
    append_reply(out, reply,
        {.request_id = exchange.request.request_id,
            .date = lane_->date(),
            .cors_lines = exchange.cors_lines,
            .hsts_line = exchange.hsts_line,
            .close = last_,
            .head_only = exchange.head.kind == Head::Kind::head,
            .http_1_0 = exchange.head.http_1_0,
            .rate = exchange.rate});
}

void HttpConnection::write_reply(Reply const& reply)
{
    auto& exchange = work_->exchange;
    if (lane_->draining_)
        last_ = true;
    exchange.sent_bytes = exchange.head.kind == Head::Kind::head ? 0 : reply.body.size();
    append_answer(reply);
    begun_ = false;
    lane_->handler_.end(exchange, reply);
}

/// Closing with input unread would make the kernel reset the connection, and the client could lose
/// the answer: so it is told the end, and what it still sends is thrown away for a while.
Task<void> HttpConnection::linger()
{
    transport_.finish();
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
