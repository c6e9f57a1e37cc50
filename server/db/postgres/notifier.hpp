#pragma once

#include "db/postgres/connection.hpp"
#include "db/postgres/writers.hpp"

#include <string>
#include <thread>

namespace hermod::db::postgres {

/// Hears what other nodes have committed and calls the listener as if it had been here. What is
/// missed while the connection is away stays missed: readers of the log look by themselves.
class Notifier {
public:
    Notifier(std::string url, Uuid const& node, CommitListener& listener);
    ~Notifier();
    void start();
    void close();

private:
    void run();
    void listen(Connection& connection);

    std::string const url_;
    Uuid const node_;
    CommitListener& listener_;
    StopSignal stop_;
    std::thread thread_;
};

}
