#pragma once

#include "jobs/jobs.hpp"
#include "net/router.hpp"

namespace hermod::jobs {

/// What makes a request that is repeated under its Idempotency-Key one. The keys are workspaces/',
/// which stands above; app/ hands this in.
class Repeats {
public:
    virtual ~Repeats() = default;
    /// Throws the first answer where there is one.
    virtual void require_first_use(db::Tx const& tx, Caller const& caller) const = 0;
    virtual void remember_reply(
        db::Tx& tx, Caller const& caller, int status, std::string_view body) const = 0;
};

struct Deps {
    db::Database& db;
    Repeats const& repeats;
};

void add_routes(net::Router& router, Deps& deps);

}
