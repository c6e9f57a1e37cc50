#pragma once

#include "accounts/connector.hpp"
#include "base/task.hpp"
#include "db/database.hpp"

#include <memory>
#include <optional>

namespace hermod::accounts {

/// Holds an account back while its provider is in trouble or asks for less. After five failures in
/// a row the circuit opens for 10 s, the account becomes `degraded`; then one send is let through
/// to probe: its failure opens it for twice as long (at most 10 min), its success closes it and the
/// account is `connected` again. Held-back sends consume no attempts. Thread-safe.
class Circuit {
public:
    static constexpr std::int64_t failures_to_open = 5;
    static constexpr seconds first_pause{10};

    Circuit(db::Database& database, Clock& clock);
    ~Circuit();
    Circuit(Circuit const&) = delete;
    Circuit& operator=(Circuit const&) = delete;

    /// Nothing: send now, and report. Else when to ask again. While the circuit is half open the
    /// first who asks is let through as the probe and the others wait for what it finds; a probe
    /// that is not reported within a minute is given up.
    std::optional<Timestamp> blocked_until(AccountId const& account);

    /// What became of a send, and all that follows for its account: pacing, the circuit, and the
    /// states banned (account_blocked) and action_needed `credentials` (auth). `version` is that of
    /// the configuration it was sent under: what is wrong with an older one is no longer of
    /// interest.
    Task<void> report(WorkspaceId workspace, AccountId account,
        std::optional<SendError> const& error, std::optional<std::int64_t> version = std::nullopt);

    /// What the database remembers, when the account starts in this process.
    void restore(AccountId const& account, std::int64_t failures, std::optional<Timestamp> until);
    void forget(AccountId const& account);

private:
    struct Table;
    db::Database& database_;
    Clock& clock_;
    std::unique_ptr<Table> table_;
};

}
