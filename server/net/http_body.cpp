#include "net/http_body.hpp"

#include "base/log.hpp"

#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <stdexcept>

namespace hermod::net {

void HttpConnection::begin_body()
{
    auto const& exchange = work_->exchange;
    chunks_.reset();
    if (exchange.head.chunked)
        chunks_.emplace(exchange.max_body);
    body_taken_ = 0;
    body_waited_ = {};
    body_ended_ = !exchange.head.has_body();
    invites_body_ = exchange.head.expects_continue;
}

/// What has come of the body into the request.
HttpConnection::Body HttpConnection::take_body()
{
    auto& exchange = work_->exchange;
    auto& body = exchange.request.body;
    if (!chunks_) {
        auto const whole = exchange.head.content_length;
        if (whole > exchange.max_body)
            return Body::too_large;
        auto const length =
            static_cast<std::size_t>(std::min<std::uint64_t>(whole - body_taken_, unread_.size()));
        body.append(unread_, 0, length);
        unread_.remove_prefix(length);
        body_taken_ += length;
        body_ended_ = body_taken_ == whole;
        return body_ended_ ? Body::whole : Body::more;
    }
    std::size_t used = 0;
    auto const state = chunks_->feed(unread_, body, used);
    unread_.remove_prefix(used);
    body_taken_ = chunks_->taken();
    body_ended_ = state == ChunkedBody::State::done;
    switch (state) {
    case ChunkedBody::State::more:
        return Body::more;
    case ChunkedBody::State::done:
        return Body::whole;
    case ChunkedBody::State::too_large:
        return Body::too_large;
    case ChunkedBody::State::malformed:
        break;
    }
    return Body::malformed;
}

/// A client that asked whether it may send its body is told so when the body is first waited for.
void HttpConnection::invite_body()
{
    if (std::exchange(invites_body_, false) && body_taken_ == 0 && unread_.empty())
        work_->out += "HTTP/1.1 100 Continue\r\n\r\n";
}

/// For more of the body. Only this waiting counts against the client, and what it has sent gives it
/// more time: how long the handler takes is not its doing.
Task<void> HttpConnection::wait_for_body()
{
    invite_body();
    co_await push();
    if (gone_)
        co_return;
    auto const began = lane_->clock_.steady();
    enter(Phase::body, patience_for(static_cast<std::size_t>(body_taken_)) - body_waited_);
    co_await wait_readable();
    body_waited_ += lane_->clock_.steady() - began;
}

/// Waits for the rest of the body, once the handler has agreed to wait for this client.
Task<HttpConnection::Body> HttpConnection::receive_body()
{
    keep_unread();
    phase_ = Phase::handler;
    TimerWheel::clear(*this);
    early_ = co_await lane_->handler_.before_body(work_->exchange);
    if (early_)
        co_return Body::whole;
    for (;;) {
        co_await wait_for_body();
        if (timed_out_)
            refuse(Problem{Errc::request_timeout});
        if (timed_out_ || gone_)
            co_return Body::refused;
        auto const state = take_body();
        if (state != Body::more)
            co_return state;
    }
}

/// The connection cannot be used after a body that was not understood or not waited for.
Problem HttpConnection::end_body(Errc code, std::string detail)
{
    last_ = true;
    unread_input_ = true;
    return Problem{code, std::move(detail)};
}

/// Of the body that the handler reads itself.
Task<std::string_view> HttpConnection::next_piece()
{
    auto& piece = work_->exchange.request.body;
    piece.clear();
    while (piece.empty() && !body_ended_) {
        auto const state = take_body();
        if (state == Body::too_large)
            throw end_body(Errc::body_too_large);
        if (state == Body::malformed)
            throw end_body(Errc::malformed_request);
        if (!piece.empty() || body_ended_)
            break;
        co_await wait_for_body();
        if (gone_)
            throw end_body(Errc::malformed_request, "the body ended too early");
        if (timed_out_)
            throw end_body(Errc::request_timeout);
    }
    keep_unread();
    phase_ = Phase::handler;
    TimerWheel::clear(*this);
    co_return piece;
}

/// After an answer that did not need the whole body: what is here of it is read past; where more
/// is to come the connection ends.
void HttpConnection::skip_body()
{
    if (body_ended_)
        return;
    auto const left = work_->exchange.head.content_length - body_taken_;
    if (!chunks_ && left <= unread_.size()) {
        unread_.remove_prefix(static_cast<std::size_t>(left));
        return;
    }
    last_ = true;
    unread_input_ = true;
}

Task<void> HttpConnection::push()
{
    if (has_output() && !send_now())
        co_await flush();
    phase_ = Phase::handler;
    TimerWheel::clear(*this);
}

/// False where the answer broke off.
Task<bool> HttpConnection::run_stream(Reply& reply)
{
    auto const& request = work_->exchange.request;
    std::string error;
    try {
        HttpBodyWriter writer{*this, reply.length};
        co_await push();
        co_await reply.stream(writer);
        if (gone_)
            co_return false;
        if (writer.finish())
            co_return true;
        error = "less was written than was promised";
    } catch (boost::system::system_error const& e) {
        if (e.code() == asio::error::operation_aborted) // the server is going down
            co_return false;
        error = e.what();
    } catch (std::exception const& e) {
        error = e.what();
    }
    log::error("an answer broke off",
        {{"route", work_->exchange.route->path}, {"error", error},
            {"request_id", request.request_id}});
    co_return false;
}

Task<void> HttpConnection::stream_reply(Reply reply)
{
    auto& exchange = work_->exchange;
    if (lane_->draining_)
        last_ = true;
    append_answer(reply);
    if (exchange.head.kind != Head::Kind::head && !co_await run_stream(reply))
        gone_ = true;
    begun_ = false;
    lane_->handler_.end(exchange, reply);
}

void HttpBodyReader::EndHash::operator()(evp_md_ctx_st* hash) const
{
    EVP_MD_CTX_free(hash);
}

void HttpBodyReader::add_to_hash(std::string_view piece, Digest& result)
{
    if (!hash_) {
        hash_.reset(EVP_MD_CTX_new());
        HERMOD_CHECK(hash_ && EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr) == 1);
    }
    HERMOD_CHECK(EVP_DigestUpdate(hash_.get(), piece.data(), piece.size()) == 1);
    if (!connection_.body_ended_)
        return;
    HERMOD_CHECK(EVP_DigestFinal_ex(hash_.get(), result.data(), nullptr) == 1);
    hash_.reset();
}

Task<std::string_view> HttpBodyReader::read()
{
    auto const piece = co_await connection_.next_piece();
    auto& caller = connection_.work_->exchange.caller;
    if (!piece.empty() && caller && caller->idempotency)
        add_to_hash(piece, caller->idempotency->body_hash);
    co_return piece;
}

HttpBodyWriter::HttpBodyWriter(HttpConnection& connection, std::optional<std::uint64_t> length)
    : connection_(connection)
    , left_(length)
    , chunked_(!length && !connection.work_->exchange.head.http_1_0)
{
}

Task<bool> HttpBodyWriter::write(std::string_view piece)
{
    if (connection_.gone_)
        co_return false;
    if (piece.empty()) // as a chunk it would be the last
        co_return true;
    if (left_ && piece.size() > *left_)
        throw std::logic_error("more was written than was promised");
    if (left_)
        *left_ -= piece.size();
    auto& out = connection_.work_->out;
    if (chunked_)
        fmt::format_to(std::back_inserter(out), "{:x}\r\n", piece.size());
    out += piece;
    if (chunked_)
        out += "\r\n";
    connection_.work_->exchange.sent_bytes += piece.size();
    co_await connection_.push();
    co_return !connection_.gone_;
}

bool HttpBodyWriter::finish()
{
    if (chunked_)
        connection_.work_->out += "0\r\n\r\n";
    return left_.value_or(0) == 0;
}

}
