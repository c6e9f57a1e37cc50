#include "responder/responder.hpp"

#include <arpa/inet.h>
#include <boost/json.hpp>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <stdexcept>

namespace hermod::bench {

using std::chrono::steady_clock;

static constexpr std::string_view answer = "HTTP/1.1 204 No Content\r\n\r\n";

static int require(int result, char const* what)
{
    if (result < 0)
        throw std::runtime_error{what};
    return result;
}

static void watch(int epoll, int descriptor)
{
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    require(epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl failed");
}

Responder::Responder(
    std::uint16_t port, std::chrono::milliseconds delay, std::size_t dead_endpoints)
    : delay_(delay)
    , dead_(dead_endpoints)
    , epoll_(require(epoll_create1(EPOLL_CLOEXEC), "epoll_create1 failed"))
    , listener_(
          require(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "no socket"))
    , now_(steady_clock::now())
{
    int const yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(bind(listener_, reinterpret_cast<sockaddr const*>(&address), sizeof address),
        "the port is taken");
    require(listen(listener_, 4096), "listen failed");
    watch(epoll_, listener_);
    watch(epoll_, STDIN_FILENO);
}

Responder::~Responder()
{
    for (auto const& [socket, connection] : connections_)
        close(socket);
    close(listener_);
    close(epoll_);
}

void Responder::accept_all()
{
    for (;;) {
        auto const socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0)
            return;
        int const yes = 1;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections_[socket] = std::make_unique<Connection>(Connection{socket, ++opened_, {}});
        watch(epoll_, socket);
    }
}

void Responder::close_connection(int socket)
{
    connections_.erase(socket);
    close(socket);
}

void Responder::on_readable(Connection& connection)
{
    std::array<char, 65536> buffer;
    auto const count = recv(connection.socket, buffer.data(), buffer.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        return close_connection(connection.socket);
    if (count < 0)
        return;
    connection.input.append(buffer.data(), static_cast<std::size_t>(count));
    while (take_request(connection)) { }
}

/// The digits that stand after `name` in `text`.
static std::optional<std::int64_t> number_after(std::string_view text, std::string_view name)
{
    auto at = text.find(name);
    if (at == std::string_view::npos)
        return std::nullopt;
    at = text.find_first_of("0123456789", at + name.size());
    if (at == std::string_view::npos)
        return std::nullopt;
    std::int64_t value = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), value);
    return value;
}

static std::size_t content_length(std::string head)
{
    std::ranges::transform(head, head.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
    return static_cast<std::size_t>(number_after(head, "\r\ncontent-length:").value_or(0));
}

bool Responder::take_request(Connection& connection)
{
    auto& input = connection.input;
    auto const end = input.find("\r\n\r\n");
    if (end == std::string::npos)
        return false;
    auto const head = input.substr(0, end);
    auto const size = end + 4 + content_length(head);
    if (input.size() < size)
        return false;
    auto const endpoint = static_cast<std::size_t>(number_after(head, "/hook/").value_or(0));
    if (endpoint >= dead_) {
        received(endpoint, std::string_view{input}.substr(end + 4, size - end - 4));
        due_.push_back({now_ + delay_, connection.socket, connection.number});
    }
    input.erase(0, size);
    return true;
}

void Responder::received(std::size_t endpoint, std::string_view body)
{
    ++received_;
    if (!measurement_)
        return;
    auto const made = number_after(body, "made_ns");
    if (!made)
        return measurement_->failed("endpoint " + std::to_string(endpoint)
            + " was sent something that does not tell when it was made");
    measurement_->accepted(Time{std::chrono::nanoseconds{*made}}, now_);
}

void Responder::answer_due()
{
    for (; !due_.empty() && due_.front().at <= now_; due_.pop_front()) {
        auto const found = connections_.find(due_.front().socket);
        if (found == connections_.end() || found->second->number != due_.front().number)
            continue;
        // 27 bytes fit into the buffer of whoever reads its answers.
        if (send(found->first, answer.data(), answer.size(), MSG_NOSIGNAL)
            != static_cast<ssize_t>(answer.size()))
            close_connection(found->first);
    }
}

void Responder::read_commands()
{
    std::array<char, 4096> buffer;
    auto const count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count <= 0) {
        done_ = true;
        return;
    }
    commands_.append(buffer.data(), static_cast<std::size_t>(count));
    for (auto end = commands_.find('\n'); end != std::string::npos; end = commands_.find('\n')) {
        obey(commands_.substr(0, end));
        commands_.erase(0, end + 1);
    }
}

static Plan plan_of(std::string_view json)
{
    auto const fields = boost::json::parse(json).as_object();
    auto const number = [&](char const* name) {
        auto const* const value = fields.if_contains(name);
        return value ? value->to_number<std::int64_t>() : 0;
    };
    auto const process = [&](char const* name) {
        auto const pid = static_cast<pid_t>(number(name));
        return pid == 0 ? std::nullopt : std::optional{pid};
    };
    return {.warm_up = std::chrono::milliseconds{number("warm_up_ms")},
        .window = std::chrono::milliseconds{number("window_ms")},
        .server = process("server_pid"),
        .postmaster = process("database_pid")};
}

void Responder::obey(std::string const& line)
{
    if (line.starts_with("measure "))
        measurement_.emplace(plan_of(std::string_view{line}.substr(8)), now_);
    else if (line == "count")
        std::printf("%llu\n", static_cast<unsigned long long>(received_));
    else
        throw std::runtime_error{"not a command: " + line};
    std::fflush(stdout);
}

int Responder::wait_ms() const
{
    if (due_.empty())
        return 5;
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(due_.front().at - now_).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 5));
}

void Responder::run()
{
    std::array<epoll_event, 512> ready{};
    while (!done_) {
        auto const count =
            epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), wait_ms());
        if (count < 0 && errno != EINTR)
            throw std::runtime_error{"epoll_wait failed"};
        now_ = steady_clock::now();
        for (int i = 0; i < count; ++i) {
            auto const descriptor = ready[static_cast<std::size_t>(i)].data.fd;
            if (descriptor == listener_)
                accept_all();
            else if (descriptor == STDIN_FILENO)
                read_commands();
            else if (auto const found = connections_.find(descriptor); found != connections_.end())
                on_readable(*found->second);
        }
        answer_due();
        if (measurement_ && !measurement_->advance(now_)) {
            std::fputs(measurement_->report().c_str(), stdout);
            std::fflush(stdout);
            measurement_.reset();
        }
    }
}

}
