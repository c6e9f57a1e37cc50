#pragma once

#include "accounts/store.hpp"
#include "base/metrics.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hermod::accounts {

/// What an operator sees of accounts: how many are in which state, and a line in the log when one
/// stops working or works again. What changes to and fro between two looks is not seen. On one
/// thread.
class StateBoard {
public:
    StateBoard(Metrics& metrics, Connectors const& connectors);

    /// All accounts of the workspace, as they are now.
    void show(WorkspaceId const& workspace, std::vector<RunRow> const& rows);

private:
    struct Seen {
        std::string connector;
        State state;
    };

    void lay_out();
    void count(Seen const& seen, double by);

    Metrics& metrics_;
    Connectors const& connectors_;
    std::map<std::pair<std::string, State>, Gauge> gauges_;
    std::unordered_map<WorkspaceId, std::map<AccountId, Seen>> seen_;
};

}
