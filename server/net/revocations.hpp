#pragma once

#include "net/caller.hpp"

namespace hermod::net {

/// For whoever answers a caller long after they were let in: a held poll, a stream. Implemented in
/// access/.
class Revocations {
public:
    virtual ~Revocations() = default;
    /// Whether the caller may have lost rights since they were looked up. Costs no database.
    virtual bool has_changed(Caller const& caller) const = 0;
};

}
