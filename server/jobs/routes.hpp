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

/// Which jobs a caller is shown: those of messages that it may reach, and those of no message.
/// Messages stand above, too.
class Sight {
public:
    virtual ~Sight() = default;
    virtual bool sees(db::Tx const& tx, Caller const& caller, MessageId const& message) const = 0;
};

struct Deps {
    db::Database& db;
    Repeats const& repeats;
    Sight const& sight;
};

void add_routes(net::Router& router, Deps& deps);

}
