#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hermod::db::postgres {

/// Stands between a process and a PostgreSQL server on loopback and loses what it is told to, and
/// with it the connection: for tests of lost answers.
class TestProxy {
public:
    explicit TestProxy(std::string server_url);
    ~TestProxy();
    TestProxy(TestProxy const&) = delete;
    TestProxy& operator=(TestProxy const&) = delete;

    std::string url() const;
    /// The next piece from the server that holds `text` does not arrive.
    void lose_next_answer(std::string text);
    /// The next piece from the client that holds `text` does not arrive.
    void lose_next_request(std::string text);
    void behave();
    int lost() const { return lost_; } ///< pieces

private:
    void accept_all();
    void carry(int client);
    bool forward(int from, int to, std::string& wanted);

    std::string const server_url_;
    int listener_;
    int port_ = 0;
    int stop_;
    std::mutex mutex_;
    std::string answer_;
    std::string request_;
    std::atomic<int> lost_{0};
    std::vector<std::thread> carriers_;
    std::thread acceptor_;
};

}
