#pragma once

// Private to the HTTP server.

#include "net/http_server.hpp"
#include "net/http_transport.hpp"
#include "net/timer_wheel.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace hermod::net {

class HttpConnection;

/// What an answer's head says besides the reply.
struct ReplyFrame {
    std::string_view request_id;
    std::string_view date;
    std::string_view cors_lines;
    std::string_view hsts_line;
    bool close = false;
    bool head_only = false; ///< the answer to HEAD: all but the body
    bool http_1_0 = false;
    std::optional<RateVerdict> const& rate;
};
/// The head, and the body where the reply has it.
void append_reply(std::string& out, Reply const& reply, ReplyFrame const& frame);

/// A request and the answers not yet sent: only connections amid a request hold one.
struct HttpWork {
    Exchange exchange;
    std::string out;
    std::size_t sent = 0; ///< of out
};

/// Tells who drains the server that a connection ended.
struct DrainSignal {
    std::mutex mutex;
    std::condition_variable ended;
};

/// What the connections of one io thread share. Touched on that thread alone, but for `count`.
class HttpLane : public std::enable_shared_from_this<HttpLane> {
public:
    HttpLane(asio::io_context& io, Clock& clock, HttpHandler& handler, HttpOptions options,
        Gauge gauge, Counter handshakes_failed, std::shared_ptr<DrainSignal> drained);

    /// Takes over the descriptor of an accepted socket, which `count` already holds.
    void adopt(int descriptor, std::string address);
    void tick(); ///< ends what is due
    void drain();
    void cancel_all();

    asio::io_context& io;
    std::atomic<std::size_t> count{0}; ///< of connections, those on their way here included

private:
    friend class HttpConnection;
    using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
        asio::wait_traits<std::chrono::steady_clock>, asio::io_context::executor_type>;
    static constexpr std::size_t input_size = 64 * 1024;
    static constexpr std::size_t max_pool = 64;

    void arm_timer();
    void remove(HttpConnection& connection);
    std::unique_ptr<HttpWork> take_work();
    void give_back(std::unique_ptr<HttpWork> work);
    std::string_view date();
    /// Sends the waiting answers of `connection` should its next request make it wait.
    void flush_later(HttpConnection& connection);
    void flush_waiting();

    Clock& clock_;
    HttpHandler& handler_;
    HttpOptions const options_;
    Gauge gauge_;
    Counter handshakes_failed_;
    std::shared_ptr<DrainSignal> drained_;
    TimerWheel wheel_;
    Timer timer_;
    bool ticking_ = false;
    bool draining_ = false;
    /// Where every connection reads. Empty again, or kept elsewhere, before a coroutine waits.
    std::unique_ptr<char[]> input_;
    std::vector<std::unique_ptr<HttpWork>> pool_;
    std::vector<HttpConnection*> connections_;
    std::vector<HttpConnection*> flush_;
    std::string date_;
    std::int64_t date_s_ = -1;
};

/// One client. Lives as long as its coroutine `run`.
class HttpConnection final : private TimerWheel::Entry {
public:
    using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

    HttpConnection(std::shared_ptr<HttpLane> lane, Socket socket, std::string address);
    ~HttpConnection();

    Task<void> run();
    void ended(); ///< called once `run` has returned or thrown
    auto cancellation_slot() { return cancel_.slot(); }

private:
    friend class HttpLane;
    friend class HttpBodyReader;
    friend class HttpBodyWriter;
    using Step = HttpTransport::Step;
    enum class Phase { handshake, idle, head, body, handler, write, linger };
    enum class Next { request, more, none };
    enum class Body { more, whole, too_large, malformed, refused };

    void on_deadline() override;
    void enter(Phase phase, std::chrono::nanoseconds patience);
    std::chrono::nanoseconds patience_for(std::size_t bytes) const;
    void drain();
    void cancel();

    Task<bool> shake_hands();
    Next next_request();
    void begin_body();
    Body take_body();
    Task<Body> receive_body();
    Task<std::string_view> next_piece();
    Task<void> wait_for_body();
    Problem end_body(Errc code, std::string detail = {});
    void skip_body();
    void invite_body();
    void keep_unread();
    void read_now();
    bool send_now(); ///< false: the client must read before the rest can be sent
    Task<void> wait_for(Step step);
    Task<void> wait_for_bytes(); ///< at once where they are here already
    Task<void> wait_readable();
    Task<void> flush();
    Task<void> push(); ///< all output, before the handler goes on
    Task<bool> run_stream(Reply& reply);
    Task<void> stream_reply(Reply reply);
    Task<void> wait_for_input();
    Task<void> answer();
    Task<void> linger();
    void refuse(Problem const& problem);
    void refuse_headless(Problem const& problem);
    void write_reply(Reply const& reply);
    void append_answer(Reply const& reply);
    Exchange& new_exchange();
    bool has_output() const { return work_ && !work_->out.empty(); }

    std::shared_ptr<HttpLane> lane_;
    Socket socket_;
    HttpTransport transport_;
    Step read_wants_ = Step::wants_readable;
    Step write_wants_ = Step::wants_writable;
    std::string const address_;
    std::unique_ptr<HttpWork> work_;
    std::string_view unread_; ///< in the lane's input, or in kept_
    std::string kept_;
    bool in_lane_ = false; ///< where unread_ is
    HeadScanner scanner_;
    std::optional<ChunkedBody> chunks_;
    std::chrono::nanoseconds body_waited_{}; ///< for the client to send more of it
    std::uint64_t body_taken_ = 0;
    bool body_ended_ = false;
    bool invites_body_ = false; ///< the client waits for 100 Continue
    std::optional<Reply> early_; ///< the answer to a request whose body is not read
    asio::cancellation_signal cancel_;
    std::size_t place_ = 0; ///< in the lane's list
    Phase phase_ = Phase::idle;
    bool begun_ = false; ///< the handler has begun a request and not ended it
    bool last_ = false; ///< no request is read after this one
    bool unread_input_ = false; ///< the client may still be sending what is not read
    bool timed_out_ = false;
    bool gone_ = false; ///< the client closed its side, or the socket failed
};

}
