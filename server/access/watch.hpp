#pragma once

#include "access/credential_cache.hpp"
#include "base/task.hpp"
#include "db/database.hpp"

#include <optional>

namespace hermod::access {

/// Runs beside requests while the process serves: drops from memory what another process revoked,
/// within half a second; writes when keys were last used; removes what is over.
class Watch {
public:
    Watch(db::Database& database, Clock& clock, CredentialCache& cache)
        : database_(database), clock_(clock), cache_(cache)
    {
    }

    /// Until it is cancelled. A database that does not answer is asked again.
    Task<void> run();
    /// The same for what no revocation may wait for: uses and sweeps, in a task of its own.
    Task<void> keep_house();

    /// One round of each, for the loops and for tests.
    Task<void> look();
    Task<void> write_uses();
    Task<void> sweep();

private:
    db::Database& database_;
    Clock& clock_;
    CredentialCache& cache_;
    std::optional<std::int64_t> seen_; ///< seq of the newest change acted on
    Timestamp looked_at_;
};

}
