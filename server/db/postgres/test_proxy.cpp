#include "db/postgres/test_proxy.hpp"

#include "base/errors.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace hermod::db::postgres {

static sockaddr_in loopback(int port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

static int port_of(std::string const& url)
{
    auto const colon = url.rfind(':');
    return std::stoi(url.substr(colon + 1));
}

TestProxy::TestProxy(std::string server_url)
    : server_url_(std::move(server_url))
    , listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    , stop_(eventfd(0, EFD_CLOEXEC))
{
    auto address = loopback(0);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    HERMOD_CHECK(::bind(listener_, plain, size) == 0 && ::listen(listener_, 64) == 0
        && ::getsockname(listener_, plain, &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
}

TestProxy::~TestProxy()
{
    std::uint64_t const one = 1;
    [[maybe_unused]] auto const written = ::write(stop_, &one, sizeof one);
    acceptor_.join();
    for (auto& carrier : carriers_)
        carrier.join();
    ::close(listener_);
    ::close(stop_);
}

std::string TestProxy::url() const
{
    auto const colon = server_url_.rfind(':');
    auto const slash = server_url_.find('/', colon);
    return server_url_.substr(0, colon + 1) + std::to_string(port_) + server_url_.substr(slash);
}

void TestProxy::lose_next_answer(std::string text)
{
    std::lock_guard const lock{mutex_};
    answer_ = std::move(text);
}

void TestProxy::lose_next_request(std::string text)
{
    std::lock_guard const lock{mutex_};
    request_ = std::move(text);
}

void TestProxy::behave()
{
    std::lock_guard const lock{mutex_};
    answer_.clear();
    request_.clear();
}

void TestProxy::accept_all()
{
    for (;;) {
        std::array<pollfd, 2> entries{pollfd{listener_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
        ::poll(entries.data(), entries.size(), -1);
        if (entries[1].revents != 0)
            return;
        auto const client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0)
            carriers_.emplace_back([this, client] { carry(client); });
    }
}

void TestProxy::carry(int client)
{
    auto const server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto const address = loopback(port_of(server_url_));
    bool open = ::connect(server, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0;
    while (open) {
        std::array<pollfd, 3> entries{
            pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
        ::poll(entries.data(), entries.size(), -1);
        open = entries[2].revents == 0
            && (entries[0].revents == 0 || forward(client, server, request_))
            && (entries[1].revents == 0 || forward(server, client, answer_));
    }
    ::close(server);
    ::close(client);
}

bool TestProxy::forward(int from, int to, std::string& wanted)
{
    std::array<char, 65536> buffer;
    auto const size = ::recv(from, buffer.data(), buffer.size(), 0);
    if (size <= 0)
        return false;
    std::string_view piece{buffer.data(), static_cast<std::size_t>(size)};
    {
        std::lock_guard const lock{mutex_};
        if (!wanted.empty() && piece.contains(wanted)) {
            wanted.clear();
            ++lost_;
            return false;
        }
    }
    while (!piece.empty()) {
        auto const sent = ::send(to, piece.data(), piece.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        piece.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

}
