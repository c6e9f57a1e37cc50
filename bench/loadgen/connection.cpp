#include "loadgen/connection.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace hermod::bench {

static std::runtime_error failure(std::string_view what)
{
    return std::runtime_error{fmt::format("{}: {}", what, std::strerror(errno))};
}

Connection::Connection(Scenario const& scenario)
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    if (fd_ < 0)
        throw failure("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(scenario.port);
    int const on = 1;
    if (inet_pton(AF_INET, scenario.host.c_str(), &address.sin_addr) != 1
        || connect(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0
        || setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
        auto const error = failure("connect");
        close(fd_);
        throw error;
    }
}

Connection::~Connection()
{
    close(fd_);
}

void Connection::send(std::string_view request, Time now)
{
    sent_at_ = now;
    waits_ = true;
    // Blocking: one small request always fits into the socket's empty buffer.
    auto const sent = ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(request.size()))
        throw failure("send");
}

std::optional<Answer> Connection::receive()
{
    auto const room = buffer_.size() - filled_;
    auto const got = recv(fd_, buffer_.data() + filled_, room, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return std::nullopt;
    if (got < 0)
        throw failure("recv");
    if (got == 0)
        throw std::runtime_error{"the server closed the connection"};
    filled_ += static_cast<std::size_t>(got);
    auto answer = parse();
    if (!answer && filled_ == buffer_.size())
        throw std::runtime_error{"the answer is too long"};
    return answer;
}

/// The value of a header whose name is given with its line break before and colon after it.
static std::string_view header(std::string_view head, std::string_view name)
{
    for (auto at = head.find("\r\n"); at != std::string_view::npos;
        at = head.find("\r\n", at + 2)) {
        if (head.size() - at < name.size()
            || strncasecmp(head.data() + at, name.data(), name.size()) != 0)
            continue;
        auto value = head.substr(at + name.size());
        value = value.substr(0, value.find("\r\n"));
        while (value.starts_with(' '))
            value.remove_prefix(1);
        return value;
    }
    return {};
}

std::optional<Answer> Connection::parse()
{
    std::string_view const all{buffer_.data(), filled_};
    auto const end = all.find("\r\n\r\n");
    if (end == std::string_view::npos)
        return std::nullopt;
    auto const head = all.substr(0, end);
    auto const length_text = header(head, "\r\nContent-Length:");
    std::size_t length = 0;
    int status = 0;
    auto const* const status_at = head.data() + std::min<std::size_t>(9, head.size());
    auto const status_end = std::from_chars(status_at, head.data() + head.size(), status);
    auto const length_end =
        std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
    if (!head.starts_with("HTTP/1.1 ") || status_end.ec != std::errc{}
        || length_end.ec != std::errc{})
        throw std::runtime_error{fmt::format("not an answer that is understood: {}", head)};
    auto const body = end + 4;
    if (filled_ < body + length)
        return std::nullopt;
    if (filled_ > body + length)
        throw std::runtime_error{"an answer to no request"};
    filled_ = 0;
    waits_ = false;
    auto const closes = header(head, "\r\nConnection:");
    auto const keeps_open = closes.size() != 5 || strncasecmp(closes.data(), "close", 5) != 0;
    return Answer{status, all.substr(body, length), keeps_open};
}

}
