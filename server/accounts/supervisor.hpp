#pragma once

#include "accounts/circuit.hpp"
#include "accounts/connector.hpp"
#include "base/crypto.hpp"
#include "base/metrics.hpp"
#include "base/task.hpp"
#include "db/database.hpp"

#include <memory>

namespace hermod::accounts {

/// Keeps the connectors at what the database says: every account that is not disconnected, paused
/// or waiting for somebody is started, when the process begins and whenever accounts change;
/// changed ones are started anew, the others stopped. Tells the operator of their states.
class Supervisor {
public:
    Supervisor(db::Database& database, Connectors const& connectors, Keyring const& keyring,
        Circuit& circuit, Tasks& tasks, Metrics& metrics);
    ~Supervisor();
    Supervisor(Supervisor const&) = delete;
    Supervisor& operator=(Supervisor const&) = delete;

    /// Begins, on `io`: the main io thread. All its work belongs to the Tasks given above.
    void start(asio::io_context& io);
    /// To be called for each commit with Wake::accounts, from any thread.
    void wake(WorkspaceId const& workspace);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}
