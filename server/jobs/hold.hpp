#pragma once

#include "base/metrics.hpp"
#include "base/reflect.hpp"
#include "base/task.hpp"
#include "db/database.hpp"

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::jobs {

/// While there is one, nothing leaves Hermod: what a restored database has yet to send may have
/// been sent long ago, and only an operator knows. It is a row of the database, so that it outlives
/// every process.
struct Hold {
    Timestamp since;
    std::string why;
};
BOOST_DESCRIBE_STRUCT(Hold, (), (since, why))

std::optional<Hold> find_hold(db::GlobalTx const& tx);
/// One that there is already stays as it is.
void begin_hold(db::GlobalTx& tx, std::string_view why);
/// False where there was none.
bool end_hold(db::GlobalTx& tx);

/// Tells those who send when a hold begins and ends, whichever process wrote it.
class HoldWatch {
public:
    HoldWatch(db::Database& db, Clock& clock, Metrics& metrics);

    /// Called with whether there is one, at `load` and at every change. Before `load`.
    void tell(std::function<void(bool)> listener) { listeners_.push_back(std::move(listener)); }
    /// Before anything is sent. Throws where the database fails.
    Task<void> load();
    /// Until the tasks are stopped.
    Task<void> run();
    bool is_held() const { return held_; }

private:
    void note(std::optional<Hold> const& hold);

    db::Database& db_;
    Clock& clock_;
    Gauge gauge_;
    std::vector<std::function<void(bool)>> listeners_;
    std::atomic<bool> held_ = false;
};

}
